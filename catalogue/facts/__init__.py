"""Facts about CloudTrail events, by subject; build_catalogue.py puts them together."""
