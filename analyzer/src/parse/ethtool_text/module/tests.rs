use super::*;

fn module(text: &str) -> Module {
    parse(text).unwrap().told().unwrap().clone()
}

fn power(value: f64, dbm: f64) -> Measured {
    Measured { value, dbm: Some(dbm) }
}

#[test]
fn an_sfp_with_little_light() {
    let m = module(SAMPLE);
    assert_eq!((m.identifier.as_deref(), m.vendor.as_deref()), (Some("SFP"), Some("FS")));
    assert_eq!(m.part_number.as_deref(), Some("SFP-GE-BX"));
    assert_eq!(m.serial_number.as_deref(), Some("S2202359108"));
    assert_eq!(m.max_mbit_per_s(), Some(10_000));
    assert_eq!(m.temperature.map(|t| t.value), Some(47.3));
    assert_eq!(m.voltage.map(|v| v.value), Some(3.2576));
    assert_eq!(m.lanes[&1].bias.map(|b| b.value), Some(17.65));
    assert_eq!(m.lanes[&1].tx_power, Some(power(0.2132, -6.71)));
    assert_eq!(m.lanes[&1].rx_power, Some(power(0.003, -25.23)));
    assert_eq!(m.alarms, ["Laser rx power low warning"]);
    assert_eq!(m.thresholds["laser rx power low warning"], power(0.0032, -24.95));
    assert_eq!(m.thresholds.get("module temperature high alarm").map(|t| t.value), Some(90.0));
}

#[test]
fn four_lanes_and_no_light_on_one() {
    let text = "\tIdentifier                                : 0x11 (QSFP28)\n\
        \tTransceiver type                          : 100G Ethernet: 100G Base-SR4 or 25GBase-SR\n\
        \tRx loss of signal                         : [ No, Yes, No, No ]\n\
        \tTx fault                                  : None\n\
        \tModule voltage                            : 3.3359 V\n\
        \tLaser tx bias current (Channel 1)         : 8.162 mA\n\
        \tTransmit avg optical power (Channel 1)    : 1.0391 mW / 0.17 dBm\n\
        \tRcvr signal avg optical power(Channel 1)  : 0.9603 mW / -0.18 dBm\n\
        \tRcvr signal avg optical power(Channel 2)  : 0.0000 mW / -inf dBm\n\
        \tLaser rx power low alarm   (Channel 2)    : On\n";
    let m = module(text);
    assert_eq!((m.identifier.as_deref(), m.max_mbit_per_s()), (Some("QSFP28"), Some(100_000)));
    assert_eq!((m.lanes.len(), m.lanes[&1].rx_power), (2, Some(power(0.9603, -0.18))));
    assert_eq!(m.lanes[&2].rx_power, Some(Measured { value: 0.0, dbm: None }));
    assert_eq!(m.alarms, ["Rx loss of signal", "Laser rx power low alarm   (Channel 2)"]);
}

#[test]
fn a_copper_cable_measures_nothing() {
    let text = "Identifier : 0x11 (QSFP28)\nTransmitter technology : 0xa0 (Copper cable unequalized)\n\
        Module temperature : 0.00 degrees C / 32.00 degrees F\nModule voltage : 0.0000 V\n\
        Rcvr signal avg optical power(Channel 1) : 0.0000 mW / -inf dBm\n";
    let m = module(text);
    assert_eq!((m.temperature, m.voltage, m.lanes.len()), (None, None, 0));
    assert_eq!(m.max_mbit_per_s(), None);
}

#[test]
fn no_module_and_no_way_to_ask() {
    let none = "Cannot get module EEPROM information: Operation not supported\n";
    assert_eq!(parse(none), Ok(Answer::Refused(Refusal::NotSupported)));
    assert_eq!(
        parse("netlink error: Operation not supported\n"),
        Ok(Answer::Refused(Refusal::NotSupported))
    );
    let other = parse("Cannot get Module EEPROM data: Input/output error\n").unwrap();
    assert!(matches!(other, Answer::Refused(Refusal::Other(_))));
    let bytes = "Offset\t\tValues\n------\t\t------\n0x0000:\t\t00 00 00 00\n";
    assert!(matches!(parse(bytes), Ok(Answer::Refused(Refusal::Other(_)))));
    assert!(parse("").is_err());
}

#[test]
fn speeds_as_they_are_written() {
    let of = |kind: &str| Module { types: vec![kind.into()], ..Module::default() }.max_mbit_per_s();
    assert_eq!(of("Ethernet: 1000BASE-SX"), Some(1000));
    assert_eq!(of("Extended: 2.5GBASE-T"), Some(2500));
    assert_eq!(of("40G Ethernet: 40G Base-LR4"), Some(40_000));
    assert_eq!(of("Ethernet: BASE-BX10"), None);
    assert_eq!(of("FC: 100 MBytes/sec"), None);
}
