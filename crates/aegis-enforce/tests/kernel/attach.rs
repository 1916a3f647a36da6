//! Modes and links: what is chosen, why, and what becomes of links over restarts.

use aegis_enforce::{
    DetachReport, EnforceError, Enforcer, InterfaceState, Mode, ModeRequest, detach,
};

use crate::support::{
    Instance, T0,
    namespace::{Cable, INTERFACE, Namespace},
    unwrap,
};

/// Starts `instance` on `interfaces` in `namespace`.
fn start(
    instance: &mut Instance,
    namespace: &Namespace,
    interfaces: &[&str],
    mode: ModeRequest,
) -> Result<Enforcer, EnforceError> {
    instance.config.interfaces = interfaces.iter().map(|it| (*it).to_owned()).collect();
    instance.config.mode = mode;
    namespace.enter(|| Enforcer::start(&instance.config, T0))
}

#[track_caller]
fn only(enforcer: &Enforcer) -> &InterfaceState {
    assert_eq!(enforcer.interfaces().len(), 1);
    &enforcer.interfaces()[0]
}

#[test]
fn each_mode_can_be_had_and_says_why() {
    for (request, expected) in [
        (ModeRequest::Auto, Mode::Native),
        (ModeRequest::Native, Mode::Native),
        (ModeRequest::Generic, Mode::Generic),
        (ModeRequest::Tc, Mode::Tcx),
    ] {
        let Some(mut instance) = Instance::new() else {
            return;
        };
        let cable = Cable::new();
        let enforcer = unwrap(start(&mut instance, &cable.defender, &[INTERFACE], request));
        let state = only(&enforcer);
        assert_eq!(
            (state.name.as_str(), state.mode),
            (INTERFACE, expected),
            "{request:?}"
        );
        assert!(!state.reason.is_empty());
        assert!(
            instance
                .pin(&format!("link_{}_{expected}", state.index))
                .exists()
        );
    }
}

#[test]
fn the_loopback_device_is_generic() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let namespace = Namespace::new();
    let enforcer = unwrap(start(&mut instance, &namespace, &["lo"], ModeRequest::Auto));
    assert_eq!(only(&enforcer).mode, Mode::Generic);
    drop(enforcer);
    unwrap(detach(instance.name(), &instance.config.bpffs));
    match start(&mut instance, &namespace, &["lo"], ModeRequest::Native) {
        Err(EnforceError::Attach { interface, reasons }) => {
            assert_eq!(interface, "lo");
            assert!(reasons.contains("native"), "{reasons}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_xdp_is_taken_the_next_one_takes_traffic_control() {
    let (Some(mut one), Some(mut other)) = (Instance::new(), Instance::new()) else {
        return;
    };
    let cable = Cable::new();
    let auto = ModeRequest::Auto;
    let first = unwrap(start(&mut one, &cable.defender, &[INTERFACE], auto));
    let second = unwrap(start(&mut other, &cable.defender, &[INTERFACE], auto));
    assert_eq!(only(&first).mode, Mode::Native);
    assert_eq!(only(&second).mode, Mode::Tcx);
    assert!(
        only(&second).reason.contains("another program holds XDP"),
        "{:?}",
        only(&second)
    );
    drop((first, second));
    // Asked for by name it fails instead, and touches nobody's program.
    let result = start(
        &mut other,
        &cable.defender,
        &[INTERFACE],
        ModeRequest::Native,
    );
    assert!(
        matches!(result, Err(EnforceError::Attach { .. })),
        "{result:?}"
    );
    let first = unwrap(start(&mut one, &cable.defender, &[INTERFACE], auto));
    assert_eq!(only(&first).mode, Mode::Native);
}

#[test]
fn a_restart_takes_the_link_over() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    for request in [
        ModeRequest::Auto,
        ModeRequest::Generic,
        ModeRequest::Tc,
        ModeRequest::Native,
    ] {
        for round in 0..3 {
            let enforcer = unwrap(start(&mut instance, &cable.defender, &[INTERFACE], request));
            let state = only(&enforcer);
            assert_eq!(state.reason.contains("taken over"), round > 0, "{state:?}");
            let links = std::fs::read_dir(instance.pin("")).unwrap().filter(|it| {
                it.as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .starts_with("link_")
            });
            assert_eq!(links.count(), 1, "{request:?}, round {round}");
        }
    }
}

#[test]
fn a_link_nobody_wants_any_more_is_removed() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let namespace = &cable.defender;
    drop(unwrap(start(
        &mut instance,
        namespace,
        &[INTERFACE, "lo"],
        ModeRequest::Auto,
    )));
    let enforcer = unwrap(start(&mut instance, namespace, &["lo"], ModeRequest::Auto));
    assert_eq!(only(&enforcer).name, "lo");
    drop(enforcer);
    let report = unwrap(detach(instance.name(), &instance.config.bpffs));
    assert_eq!(report.links, [1]);
}

#[test]
fn a_link_whose_interface_went_away_does_not_stop_a_start() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let namespace = &cable.defender;
    drop(unwrap(start(
        &mut instance,
        namespace,
        &[INTERFACE],
        ModeRequest::Auto,
    )));
    namespace.ip(&format!("link del {INTERFACE}"));
    namespace.ip(&format!("link add {INTERFACE} type veth peer name other0"));
    let enforcer = unwrap(start(
        &mut instance,
        namespace,
        &[INTERFACE],
        ModeRequest::Auto,
    ));
    assert_eq!(only(&enforcer).mode, Mode::Native);
}

#[test]
fn a_device_without_an_ethernet_header_is_refused() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let namespace = Namespace::new();
    namespace.ip("tuntap add dev tun0 mode tun");
    match start(&mut instance, &namespace, &["tun0"], ModeRequest::Auto) {
        Err(EnforceError::Attach { reasons, .. }) => {
            assert!(reasons.contains("Ethernet header"), "{reasons}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_interface_that_is_not_there_is_named() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let namespace = Namespace::new();
    match start(&mut instance, &namespace, &["nowhere0"], ModeRequest::Auto) {
        Err(EnforceError::Attach { interface, .. }) => assert_eq!(interface, "nowhere0"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn detaching_takes_the_links_too() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let enforcer = unwrap(start(
        &mut instance,
        &cable.defender,
        &[INTERFACE],
        ModeRequest::Auto,
    ));
    let index = only(&enforcer).index;
    drop(enforcer);
    let report = unwrap(detach(instance.name(), &instance.config.bpffs));
    assert_eq!(report.links, [index]);
    assert_eq!(
        unwrap(detach(instance.name(), &instance.config.bpffs)),
        DetachReport::default()
    );
    // The interface is free for others again.
    let Some(mut other) = Instance::new() else {
        return;
    };
    let enforcer = unwrap(start(
        &mut other,
        &cable.defender,
        &[INTERFACE],
        ModeRequest::Native,
    ));
    assert_eq!(only(&enforcer).mode, Mode::Native);
}

#[test]
fn jumbo_frames_take_native_mode_too() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    for namespace in [&cable.defender, &cable.attacker] {
        namespace.ip(&format!("link set {INTERFACE} mtu 9000"));
    }
    let enforcer = unwrap(start(
        &mut instance,
        &cable.defender,
        &[INTERFACE],
        ModeRequest::Auto,
    ));
    assert_eq!(only(&enforcer).mode, Mode::Native, "{:?}", only(&enforcer));
}

#[test]
fn a_filter_is_replaced_not_doubled_and_goes_with_its_instance() {
    let (Some(mut instance), Some(mut other)) = (Instance::new(), Instance::new()) else {
        return;
    };
    let cable = Cable::new();
    let namespace = &cable.defender;
    let filter = ModeRequest::TcFilter;
    let filters = || {
        let shown = namespace.run("tc", &["filter", "show", "dev", INTERFACE, "ingress"]);
        shown.matches("direct-action").count()
    };
    for _ in 0..3 {
        let enforcer = unwrap(start(&mut instance, namespace, &[INTERFACE], filter));
        assert_eq!(only(&enforcer).mode, Mode::TcFilter);
        assert_eq!(filters(), 1);
    }
    drop(unwrap(start(&mut other, namespace, &[INTERFACE], filter)));
    assert_eq!(filters(), 2);
    // Another mode takes its place.
    drop(unwrap(start(
        &mut instance,
        namespace,
        &[INTERFACE],
        ModeRequest::Tc,
    )));
    assert_eq!(filters(), 1);
    let report = namespace.enter(|| unwrap(detach(other.name(), &other.config.bpffs)));
    assert_eq!(report.filters, [INTERFACE]);
    assert_eq!(filters(), 0);
}

#[test]
fn an_interface_that_comes_back_is_attached_to_again() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let namespace = &cable.defender;
    let mut enforcer = unwrap(start(
        &mut instance,
        namespace,
        &[INTERFACE],
        ModeRequest::Auto,
    ));
    let before = only(&enforcer).index;
    let mut reattach = || namespace.enter(|| unwrap(enforcer.reattach()));
    assert!(!reattach(), "nothing happened yet");
    namespace.ip(&format!("link del {INTERFACE}"));
    assert!(!reattach(), "it is not back yet");
    namespace.ip(&format!("link add {INTERFACE} type veth peer name other0"));
    assert!(reattach());
    assert!(!reattach(), "once is enough");
    assert_ne!(only(&enforcer).index, before);
    assert_eq!(only(&enforcer).mode, Mode::Native);
    drop(enforcer);
    let report = unwrap(detach(instance.name(), &instance.config.bpffs));
    assert_eq!(report.links.len(), 1);
}
