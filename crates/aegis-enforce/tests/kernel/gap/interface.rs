//! Interfaces that go down and up, are renamed, and come in addition.

use aegis_enforce::{Enforcer, Mode, ModeRequest};

use super::scene::Scene;
use crate::support::{
    Instance, T0, block_all,
    namespace::{ATTACKER, Cable, DEFENDER, INTERFACE, is_answered, is_silent},
    parse, unwrap,
};

/// Another cable between the same namespaces.
const SECOND: &str = "cable1";

/// How often an interface goes down and up in a test.
const CYCLES: u64 = 20;

#[test]
fn an_interface_going_down_and_up_under_a_flood_lets_nothing_through() {
    let Some(mut scene) = Scene::new(ModeRequest::Generic) else {
        return;
    };
    let enforcer = scene.start();
    scene.hold_roughly("down and up, generic", 0, down_and_up);
    scene.finish(enforcer);
}

/// The driver of a virtual cable asks whether XDP is on before it asks whether the interface is
/// up. A packet that is between the two while the interface comes up goes past XDP: at most one
/// for each CPU that sends, which here is one.
#[test]
fn a_native_cable_coming_up_lets_one_packet_through_at_most() {
    let Some(mut scene) = Scene::new(ModeRequest::Native) else {
        return;
    };
    let enforcer = scene.start();
    scene.hold_roughly("down and up, native", CYCLES, down_and_up);
    scene.finish(enforcer);
}

#[test]
fn renaming_an_interface_under_a_flood_lets_nothing_through() {
    let Some(mut scene) = Scene::new(ModeRequest::Native) else {
        return;
    };
    let mut enforcer = scene.start();
    let index = enforcer.interfaces()[0].index;
    scene.hold("renamed", |scene| {
        let namespace = &scene.cable.defender;
        for (from, to) in [(INTERFACE, "wan0"), ("wan0", "wan1"), ("wan1", INTERFACE)] {
            namespace.ip(&format!("link set {from} name {to}")); // while it is up
            assert!(namespace.enter(|| unwrap(enforcer.reattach())), "{to}");
            assert!(!namespace.enter(|| unwrap(enforcer.reattach())), "{to}");
            let states = enforcer.interfaces();
            assert_eq!(states.len(), 1, "{states:?}");
            assert_eq!((states[0].name.as_str(), states[0].index), (to, index));
        }
    });
    scene.finish(enforcer);
}

#[test]
fn a_second_interface_under_a_flood_on_the_first_lets_nothing_through() {
    let Some(mut scene) = Scene::new(ModeRequest::Native) else {
        return;
    };
    add_second(&scene.cable);
    drop(scene.start());
    let mut enforcer = None;
    scene.hold("a second interface", |scene| {
        scene.instance.config.interfaces.push(SECOND.into());
        enforcer = Some(scene.start());
    });
    let mut enforcer = enforcer.unwrap();
    let names: Vec<&str> = enforcer.interfaces().iter().map(|it| &*it.name).collect();
    assert_eq!(names, [INTERFACE, SECOND]);
    // The second one is defended from now on.
    let port = |it: &str| std::net::SocketAddr::new(it.parse().unwrap(), 7);
    let _echo = scene.cable.defender.echo(port("10.78.0.1"));
    let socket = scene.cable.attacker.socket("10.78.0.2", port("10.78.0.1"));
    assert!(is_answered(&socket));
    block_all(&mut enforcer, &["10.78.0.2"]);
    assert!(is_silent(&socket));
    scene.finish(enforcer);
}

#[test]
fn a_renamed_interface_stays_defended_when_another_takes_its_name() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let namespace = &cable.defender;
    instance.config.interfaces = vec![INTERFACE.into()];
    let mut enforcer = namespace.enter(|| unwrap(Enforcer::start(&instance.config, T0)));
    let port = std::net::SocketAddr::new(parse(DEFENDER).address(), 7);
    let _echo = namespace.echo(port);
    let attacker = cable.attacker.socket(ATTACKER, port);
    assert!(is_answered(&attacker));
    block_all(&mut enforcer, &[ATTACKER]);
    let reattach = |it: &mut Enforcer| namespace.enter(|| unwrap(it.reattach()));
    for command in ["down", "name wan0"] {
        namespace.ip(&format!("link set {INTERFACE} {command}"));
    }
    namespace.ip("link set wan0 up");
    namespace.ip(&format!("link add {INTERFACE} type veth peer name other0"));
    assert!(reattach(&mut enforcer));
    assert!(!reattach(&mut enforcer), "once is enough");
    let state = |it: &Enforcer| {
        let states = it.interfaces().iter();
        states
            .map(|it| (it.name.clone(), it.mode))
            .collect::<Vec<_>>()
    };
    let native = |it: &str| (it.to_owned(), Mode::Native);
    assert!(is_silent(&attacker), "the renamed one is still defended");
    assert_eq!(state(&enforcer), [native("wan0"), native(INTERFACE)]);
    namespace.ip("link del wan0");
    assert!(
        reattach(&mut enforcer),
        "it went, and nobody asked for its name"
    );
    assert!(!reattach(&mut enforcer));
    assert_eq!(state(&enforcer), [native(INTERFACE)]);
}

fn down_and_up(scene: &mut Scene) {
    for _ in 0..CYCLES {
        for state in ["down", "up"] {
            let namespace = &scene.cable.defender;
            namespace.ip(&format!("link set {INTERFACE} {state}"));
        }
    }
}

fn add_second(cable: &Cable) {
    let (defender, attacker) = (&cable.defender, &cable.attacker);
    defender.ip(&format!(
        "link add {SECOND} type veth peer name {SECOND} netns {}",
        attacker.0
    ));
    for (namespace, address) in [(defender, "10.78.0.1"), (attacker, "10.78.0.2")] {
        namespace.ip(&format!("addr add {address}/24 dev {SECOND}"));
        namespace.ip(&format!("link set {SECOND} up"));
    }
}
