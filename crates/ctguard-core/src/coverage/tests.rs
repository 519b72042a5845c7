use super::*;
use jiff::civil::date;

fn measured(rest: &str) -> Coverage {
    let text = format!(
        "version: 1\nname: acme\n\
         destinations: {{ soc: {{ topic: soc, format: text, subscribers: [{{ email: a@b.example }}] }} }}\n\
         {rest}"
    );
    let loaded = blueprint::load_text("b.yaml", &text, None, date(2026, 11, 29));
    measure(&loaded.blueprint.expect(&text), date(2026, 11, 29))
}

const ROUTES: &str =
    "routes: { critical: [soc], high: [soc], medium: [soc], low: [soc] }\nregions: enabled\n";

fn alert(events: &str, more: &str) -> String {
    format!(
        "{ROUTES}alerts:\n  - {{ id: a, title: T, risk: high, why: W, next: N, events: [{events}]{more} }}\n"
    )
}

fn control<'a>(coverage: &'a Coverage, framework: &str, id: &str) -> &'a Served {
    let framework = coverage.frameworks.iter().find(|one| one.name == framework).unwrap();
    framework.controls.iter().find(|one| one.id == id).unwrap()
}

fn reasons(served: &Served) -> BTreeSet<Reason> {
    served.missing.iter().map(|missing| missing.reason).collect()
}

#[test]
fn the_benchmark_covers_every_control_that_it_names_and_all_built_ins_cover_all() {
    let cis = measured(&format!("{ROUTES}include: [{{ builtin: {BENCHMARK} }}]\n"));
    for id in ["4.1", "4.3", "4.5", "4.15"] {
        let served = control(&cis, "cis-5.0", id);
        assert_eq!((served.state, served.missing.as_slice()), (State::Covered, &[][..]), "{id}");
    }
    let includes: Vec<String> = builtin::ids().map(|id| format!("{{ builtin: {id} }}")).collect();
    let all = measured(&format!("{ROUTES}include: [{}]\n", includes.join(", ")));
    let techniques = all.techniques.iter().filter(|one| one.events > 0);
    for served in all.frameworks.iter().flat_map(|one| &one.controls).chain(techniques) {
        assert_eq!(served.heard, served.events, "{served:?}");
        // A technique is covered as far as its sub-techniques are watched for.
        let whole =
            served.missing.is_empty() && matches!(served.state, State::Covered | State::Partly);
        assert!(served.state == State::Covered || whole && !served.id.contains('.'), "{served:?}");
    }
    assert_eq!(all.remarks, Vec::<String>::new());
}

/// Control 4.3 is measured by calls of root, of whatever event.
#[test]
fn an_alert_on_any_event_with_another_condition_is_no_part() {
    let control_of = |rest: &str| {
        let cis = measured(rest);
        control(&cis, "cis-5.0", "4.3").clone()
    };
    let omitted = format!("{ROUTES}include: [{{ builtin: {BENCHMARK}, omit: [cis-root-used] }}]\n");
    let served = control_of(&omitted);
    assert_eq!((served.state, served.heard), (State::None, 0), "{served:?}");
    assert_eq!(reasons(&served), [Reason::NoAlert].into());
    // A part of what root does is a part.
    let read = |who: &str| {
        control_of(&alert(
            "any",
            &format!(
                ", where: {{ userIdentity.type: [{who}], userIdentity.invokedBy: [{{ exists: false }}], \
                 eventType: [{{ anything-but: [AwsServiceEvent] }}], awsRegion: [us-east-1] }}"
            ),
        ))
    };
    assert_eq!(read("Root").state, State::Partly, "{:?}", read("Root"));
    assert_eq!(read("IAMUser").state, State::None);
}

#[test]
fn without_alerts_nothing_is_covered() {
    let none = measured(&alert("ec2:CreateTags", ""));
    for served in none.frameworks.iter().flat_map(|one| &one.controls).chain(&none.techniques) {
        assert_eq!((served.state, served.heard), (State::None, 0), "{served:?}");
        if served.unwatched.is_none() {
            assert_eq!(reasons(served), [Reason::NoAlert].into(), "{served:?}");
        }
    }
}

#[test]
fn what_no_built_in_alert_watches_for_is_listed_as_not_covered() {
    let technique = |coverage: &Coverage, id: &str| {
        coverage.techniques.iter().find(|one| one.id == id).cloned().expect(id)
    };
    let includes: Vec<String> = builtin::ids().map(|id| format!("{{ builtin: {id} }}")).collect();
    let all = measured(&format!("{ROUTES}include: [{}]\n", includes.join(", ")));
    let hidden = technique(&all, "T1046");
    assert_eq!((hidden.state, hidden.events), (State::None, 0));
    assert_eq!(hidden.unwatched, Some(Unwatched::NotInCloudtrail));
    let gap = technique(&all, "T1619");
    assert_eq!((gap.state, gap.unwatched), (State::None, Some(Unwatched::NoBuiltin)));
    assert_eq!(gap.title.as_deref(), Some("Cloud Storage Object Discovery"));
    // The parent of what is watched for: by what its parts are measured by.
    let parent = technique(&all, "T1078");
    assert!(parent.events > 0 && parent.unwatched.is_none(), "{parent:?}");
    assert_eq!(parent.state, State::Partly, "its part T1078.001 is not watched for");
    // An alert that names it is all that can be said.
    let own = measured(&alert("s3:ListObjects", ", attack: [T1619]"));
    let named = technique(&own, "T1619");
    assert_eq!((named.state, named.alerts), (State::Named, vec!["a".to_owned()]));
    let ids: Vec<&String> = all.techniques.iter().map(|one| &one.id).collect();
    assert!(ids.is_sorted() && ids.len() > 100, "{}", ids.len());
}

#[test]
fn what_is_missing_is_told_with_its_reason() {
    // CIS 4.5: changes to CloudTrail's configuration.
    let events = "cloudtrail:CreateTrail, cloudtrail:UpdateTrail, cloudtrail:DeleteTrail, \
                  cloudtrail:StartLogging, cloudtrail:StopLogging, cloudtrail:PutEventSelectors, \
                  cloudtrail:PutInsightSelectors";
    let whole = measured(&alert(events, ""));
    let served = control(&whole, "cis-5.0", "4.5");
    assert_eq!(
        (served.state, served.alerts.as_slice()),
        (State::Covered, &["a".to_owned()][..]),
        "{served:?}"
    );

    let one = measured(&alert("cloudtrail:StopLogging", ""));
    let served = control(&one, "cis-5.0", "4.5");
    assert_eq!((served.state, served.heard), (State::Partly, 1));
    assert_eq!(reasons(served), [Reason::NoAlert].into());

    let condition = ", where: { userIdentity.type: [Root] }";
    let narrow = measured(&alert(events, condition));
    let served = control(&narrow, "cis-5.0", "4.5");
    assert_eq!((served.state, served.heard), (State::Partly, 0));
    assert_eq!(reasons(served), [Reason::Condition].into());

    let exception = ", except: [{ where: { userIdentity.arn: ['arn:aws:iam::111122223333:user/ci'] }, reason: pipeline }]";
    let excepted = measured(&alert(events, exception));
    assert_eq!(reasons(control(&excepted, "cis-5.0", "4.5")), [Reason::Exception].into());

    let silent = measured(&alert(events, ", notify: []"));
    let served = control(&silent, "cis-5.0", "4.5");
    assert_eq!((served.state, served.alerts.len()), (State::None, 0));
    assert_eq!(reasons(served), [Reason::NobodyNotified].into());
}

#[test]
fn an_event_that_lands_nowhere_in_the_blueprint_is_not_heard() {
    // An alert on events that land nowhere is an error; on any event, it is none.
    let here = alert("any", ", where: { eventName: [{ anything-but: [DescribeInstances] }] }");
    for regions in [
        "regions: [eu-west-1]",
        "regions: { enabled: true, except: [{ region: us-east-1, reason: shut }] }",
    ] {
        let served = measured(&here.replace("regions: enabled", regions));
        let served = control(&served, "cis-5.0", "4.4");
        assert!(reasons(served).contains(&Reason::NoRegion), "{served:?}");
        assert_eq!(served.heard, 0);
    }
}

#[test]
fn what_only_the_blueprint_names_is_named_and_not_measured() {
    let own = measured(&alert(
        "ec2:CreateTags",
        ", attack: [T1111, T1685.002], controls: [pci-dss-4.0/10.2.1]",
    ));
    let served = control(&own, "pci-dss-4.0", "10.2.1");
    assert_eq!((served.state, served.events), (State::Named, 0));
    let technique = |id: &str| own.techniques.iter().find(|one| one.id == id).unwrap();
    assert_eq!(technique("T1111").state, State::Named);
    assert_eq!(technique("T1685.002").state, State::Partly);
}

#[test]
fn controls_are_in_the_order_of_people_and_every_technique_has_a_name() {
    let all = measured(&alert("ec2:CreateTags", ""));
    let cis = all.frameworks.iter().find(|one| one.name == "cis-5.0").unwrap();
    let order: Vec<&str> = cis.controls.iter().map(|one| one.id.as_str()).collect();
    let at = |id: &str| order.iter().position(|one| *one == id);
    assert!(at("4.2") < at("4.10"), "{order:?}");
    for technique in &all.techniques {
        assert!(technique.title.is_some(), "{}", technique.id);
    }
}
