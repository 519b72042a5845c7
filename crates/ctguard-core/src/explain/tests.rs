use super::fold::PlaceChain;
use super::*;
use crate::desired::Way;
use crate::proof::PathProof;
use crate::scope::{AccountId, Region};
use std::sync::Arc;

fn place(region: &str) -> Place {
    let account = AccountId::new("111122223333").expect("twelve digits");
    Place::new(account, Region::new(region).expect("a region"))
}

fn link(place: &Place, object: &str, cause: &str) -> Arc<Link> {
    Arc::new(Link {
        code: LinkCode::RuleMissing,
        status: Status::Proven,
        place: place.clone(),
        object: LinkObject::Topic(object.replace("HERE", place.region.as_str())),
        cause: cause.replace("HERE", place.region.as_str()),
        fix: String::new(),
        fixed_by: FixedBy::Apply,
        per: crate::scope::Granularity::Place,
        denied: false,
        unread: None,
    })
}

fn path(region: &str, links: &[(&str, &str)]) -> PathProof {
    let lands = place(region);
    let links = links.iter().map(|(object, cause)| link(&lands, object, cause)).collect();
    let way = Way {
        alert: "a".into(),
        raised: lands.clone(),
        forward: None,
        events: [].into(),
        rules: [].into(),
        destinations: [].into(),
    };
    PathProof { lands, way: Arc::new(way), links }
}

fn folded(paths: &[PathProof]) -> Vec<(usize, Vec<String>)> {
    let way = |path| PlaceChain::with_evidence(path, Vec::new(), |_| "".into());
    let ways: Vec<PlaceChain<'_>> = paths.iter().map(way).collect();
    let texts = |chain: &Chain| {
        chain.links.iter().map(|link| format!("{} {}", link.object, link.cause)).collect()
    };
    fold::chains(&ways).iter().map(|chain| (chain.places.len(), texts(chain))).collect()
}

#[test]
fn places_fold_where_only_their_names_differ() {
    // The first link is the one trail that both see, at home in one of them; the second is each one's own.
    let links = [("trail us-east-1", "logs in HERE"), ("rule HERE", "fine")];
    let two = [path("us-east-1", &links), path("eu-west-1", &links)];
    let expected = ["trail us-east-1 logs in {region}", "rule {region} fine"];
    assert_eq!(folded(&two), [(2, expected.map(str::to_owned).to_vec())]);
}

#[test]
fn one_place_keeps_its_own_names() {
    let one = [path("us-east-1", &[("rule HERE", "fine")])];
    assert_eq!(folded(&one), [(1, vec!["rule us-east-1 fine".to_owned()])]);
}

#[test]
fn places_do_not_fold_where_anything_else_differs() {
    let rule = ("rule HERE", "fine");
    for other in [vec![("rule HERE", "broken")], vec![rule, rule], vec![]] {
        let two = [path("us-east-1", &[rule]), path("eu-west-1", &other)];
        assert_eq!(folded(&two).len(), 2, "{other:?}");
    }
}

#[test]
fn a_text_is_like_others_in_one_way_only() {
    // The second sees the first one's trail, the third its own: three places are not one chain.
    let paths = [
        path("us-east-1", &[("trail us-east-1", "")]),
        path("eu-west-1", &[("trail us-east-1", "")]),
        path("ap-south-1", &[("trail HERE", "")]),
    ];
    let counts: Vec<usize> = folded(&paths).iter().map(|(places, _)| *places).collect();
    assert_eq!(counts, [1, 2]);
}
