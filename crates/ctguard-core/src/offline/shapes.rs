//! The JSON Schemas of what another crate serializes.

use schemars::{Schema, SchemaGenerator, json_schema};

/// A list of [`Mismatch`](eventbridge_pattern::Mismatch).
pub(super) fn mismatches(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "Why the pattern does not match.",
        "type": "array",
        "items": { "oneOf": [
            {
                "description": "No value of the field is wanted.",
                "type": "object",
                "properties": {
                    "reason": { "const": "field" },
                    "path": {
                        "description": "Dotted, from the event's top level.",
                        "type": "string"
                    },
                    "wanted": { "description": "The operators, as AWS writes them." },
                    "found": {
                        "description": "Every value at the path; none when nothing stands there.",
                        "type": "array"
                    },
                    "alternatives": {
                        "description": "Of how many alternatives of `$or` this is the nearest.",
                        "type": "integer",
                        "minimum": 1
                    }
                },
                "required": ["reason", "path", "wanted", "found", "alternatives"]
            },
            {
                "description": "EventBridge does not keep the alternative that would match.",
                "type": "object",
                "properties": {
                    "reason": { "const": "lost" },
                    "why": { "description": "Why it is not kept.", "type": "string" }
                },
                "required": ["reason", "why"]
            },
            {
                "description": "Each field is as wanted, but not in one element of an array.",
                "type": "object",
                "properties": {
                    "reason": { "const": "elements" },
                    "paths": {
                        "description": "The fields that no single element has all as wanted.",
                        "type": "array",
                        "items": { "type": "string" }
                    }
                },
                "required": ["reason", "paths"]
            }
        ] }
    })
}
