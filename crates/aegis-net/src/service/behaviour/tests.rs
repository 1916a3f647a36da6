//! The gossip layer is set up so that it can be, and as its faults ask for.

use super::*;

fn names() -> Names {
    Names::default()
}

#[test]
fn the_configuration_is_one_that_gossip_takes() {
    let config = gossip_config(&names()).unwrap();
    assert!(gossip(&names()).is_ok());
    assert!(config.validate_messages());
    assert_eq!(config.heartbeat_interval(), HEARTBEAT);
    // A frame limit of 8 KiB or less breaks streams at the first burst.
    assert_eq!(config.max_transmit_size(), 65_536);
    let batch_max = config.max_transmit_size_for_topic(&names().batch_topic().hash());
    // One read brings 8 KiB.
    assert!(batch_max + 8192 < config.max_transmit_size());
    let message_max = config.max_transmit_size_for_topic(&names().topic().hash());
    assert!(message_max > ALERT_BYTES_MAX + 64);
    assert!(config.duplicate_cache_time() > aegis_core::SKEW_MAX);
    assert!(!config.do_px());
}

#[test]
fn the_id_of_a_message_is_the_id_of_the_alert() {
    let message = gossipsub::Message {
        source: None,
        data: b"bytes".to_vec(),
        sequence_number: None,
        topic: names().topic().hash(),
    };
    let id = gossip_config(&names()).unwrap().message_id(&message);
    assert_eq!(id.0, AlertId::of(b"bytes").as_bytes());
}
