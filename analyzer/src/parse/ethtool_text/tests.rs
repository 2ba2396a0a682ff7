use super::*;

fn told<T: Clone>(answer: Result<Answer<T>, ParseError>) -> T {
    answer.unwrap().told().unwrap().clone()
}

const RING: &str = "\
Ring parameters for ens3:
Pre-set maximums:
RX:\t\t4096
RX Mini:\tn/a
TX:\t\t4096
Current hardware settings:
RX:\t\t256
RX Mini:\tn/a
RX Buf Len:\t\t2048
CQE Size:\t\tn/a
TX Push:\toff
TX:\t\t512
TCP data split:\toff
";

#[test]
fn item_1_errors_before_the_heading_or_alone() {
    let refused = Ok(Answer::Refused(Refusal::NotSupported));
    let alone =
        "Ring parameters for lo:\nCannot get device ring settings: Operation not supported\n";
    assert_eq!(ring(alone), refused);
    let before =
        "Cannot get device ring settings: Operation not supported\nRing parameters for lo:\n";
    assert_eq!(ring(before), refused);
    assert_eq!(ring("netlink error: Operation not supported\n"), refused);
    assert_eq!(
        ring("Cannot get device ring settings: No such device\n"),
        Ok(Answer::Refused(Refusal::NoDevice))
    );
}

#[test]
fn items_2_and_3_not_applicable_values_and_new_fields() {
    let expected = Ring { rx: Some(256), rx_max: Some(4096), tx: Some(512), tx_max: Some(4096) };
    assert_eq!(told(ring(RING)), expected);
    let partly = told(ring(&RING.replace("RX:\t\t4096", "RX:\t\tn/a")));
    assert_eq!((partly.rx_max, partly.rx), (None, Some(256)));
    let nothing = RING.replace("4096", "n/a").replace("256", "n/a").replace("512", "n/a");
    assert_eq!(ring(&nothing), Ok(Answer::Refused(Refusal::NotSupported)));
}

#[test]
fn item_4_bad_command_line_is_the_whole_content() {
    let text = "ethtool: bad command line argument(s)\nFor more information run ethtool -h\n";
    let why = Refusal::Other("ethtool: bad command line argument(s)".into());
    assert_eq!(ring(text), Ok(Answer::Refused(why.clone())));
    assert_eq!(parse(text), Ok(Answer::Refused(why)));
}

#[test]
fn items_5_and_6_statistics() {
    let text =
        "NIC statistics:\n     rx_missed: 401\n     rxq0: rx_pkts: 5\n     duplicate metric: 1\n";
    let counters = told(stats(text));
    assert_eq!((counters.get("rxq0: rx_pkts"), counters.get("rx_missed")), (Some(5), Some(401)));
    assert_eq!(stats("no stats available\n"), Ok(Answer::Refused(Refusal::NotSupported)));
    let text = "Cannot get stats strings information: Operation not supported\n";
    assert_eq!(stats(text), Ok(Answer::Refused(Refusal::NotSupported)));
    assert_eq!(stats("NIC statistics:\n  a: 1\n  b: x\n").unwrap_err().line, Some(3));
    assert!(stats("").is_err());
}

#[test]
fn item_7_continuation_lines_and_netlink_errors() {
    let link = told(parse(SAMPLE));
    assert_eq!(
        (link.speed_mbit_per_s, link.full_duplex, link.autoneg),
        (Some(1000), Some(true), Some(true))
    );
    assert_eq!(link.supported.as_ref().map(Vec::len), Some(6));
    assert_eq!(link.advertised.as_ref().map(Vec::len), Some(3));
    assert_eq!((link.partner, link.detected), (None, Some(true)));
    assert_eq!(link.port.as_deref(), Some("Twisted Pair"));
}

#[test]
fn item_7_unknown_speed_and_duplex() {
    for (speed, duplex) in
        [("Unknown!", "Unknown! (255)"), ("65535Mb/s", "Half"), ("-1Mb/s", "Half")]
    {
        let link = told(parse(&format!("Settings for e:\n\tSpeed: {speed}\n\tDuplex: {duplex}\n")));
        assert_eq!(link.speed_mbit_per_s, None, "{speed}");
        assert_eq!(link.full_duplex, (duplex == "Half").then_some(false));
    }
    let none =
        "Settings for nope:\nCannot get device settings: No such device\nNo data available\n";
    assert_eq!(told(parse(none)), Link::default());
}

#[test]
fn item_8_suffixes_and_empty_values() {
    let text = "Features for ens3:\nrx-checksumming: on [fixed]\ntx-checksumming: on\n\ttx-checksum-ipv4: off [fixed]\nlarge-receive-offload: off [requested on]\n";
    let f = told(features(text));
    assert_eq!(f["rx-checksumming"], Feature { active: true, fixed: true, requested: None });
    assert_eq!(f["large-receive-offload"].requested, Some(true));
    assert_eq!((f.len(), f["tx-checksum-ipv4"].active), (4, false));
    let text =
        "driver: veth\nversion: 1.0\nfirmware-version: \nexpansion-rom-version: \nbus-info: \n";
    let d = told(driver(text));
    assert_eq!((d.driver.as_deref(), d.bus_info, d.firmware), (Some("veth"), None, None));
    assert!(driver("").is_err());
}

#[test]
fn coalescing_channels_and_pause() {
    let text =
        "Coalesce parameters for ens3:\nAdaptive RX: off  TX: on\nrx-usecs: 3\nrx-frames: n/a\n";
    let c = told(coalesce(text));
    assert_eq!((c.adaptive_rx, c.adaptive_tx), (Some(false), Some(true)));
    assert_eq!((c.values.get("rx-usecs"), c.values.get("rx-frames")), (Some(3), None));
    let text = "Channel parameters for ens3:\nPre-set maximums:\nRX:\t\t0\nCombined:\t8\nCurrent hardware settings:\nRX:\t\t0\nCombined:\t2\n";
    let c = told(channels(text));
    assert_eq!((c.combined_max, c.combined, c.tx), (Some(8), Some(2), None));
    let text = "Pause parameters for eth0:\nAutonegotiate:\ton\nRX:\t\toff\nTX:\t\toff\n";
    assert_eq!(told(pause(text)).autoneg, Some(true));
}
