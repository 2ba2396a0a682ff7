//! Output of `smartctl -x -j`.
//!
//! <https://man7.org/linux/man-pages/man8/smartctl.8.html>
//!
//! ```json
//! {"smartctl":{"exit_status":0},"model_name":"…","smart_status":{"passed":true},"temperature":{"current":38}}
//! ```

use serde_json::Value;

use super::ParseError;
use super::smart::{Attribute, ExitStatus, NvmeHealth, SasErrors, Smart};
use super::smartctl::DATA_UNIT_BYTES;

/// Reads the object; fields of another shape count as absent.
///
/// # Errors
/// Not JSON, or not smartctl's.
pub fn parse(text: &str) -> Result<Smart, ParseError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|e| ParseError::new(u32::try_from(e.line()).ok(), text, format!("JSON ({e})")))?;
    let own = value.get("smartctl");
    let own = own.ok_or_else(|| ParseError::new(None, text, "an object with `smartctl`"))?;
    let at = |path: &str| value.pointer(path);
    let text = |path: &str| at(path).and_then(Value::as_str).map(str::to_owned);
    let number = |path: &str| at(path).and_then(Value::as_u64);
    let model = text("/model_name").or_else(|| text("/scsi_product")).or_else(|| text("/product"));
    let messages = own.get("messages").and_then(Value::as_array).into_iter().flatten();
    let mut said = messages.filter_map(|m| m.get("string")?.as_str());
    let uncorrected =
        |kind: &str| number(&format!("/scsi_error_counter_log/{kind}/total_uncorrected_errors"));
    let table = at("/ata_smart_attributes/table").and_then(Value::as_array);
    Ok(Smart {
        logical_volume: model.as_deref().is_some_and(|m| m.contains("LOGICAL VOLUME")),
        model,
        serial: text("/serial_number"),
        firmware: text("/firmware_version").or_else(|| text("/scsi_revision")),
        passed: at("/smart_status/passed").and_then(Value::as_bool),
        supported: at("/smart_support/available").and_then(Value::as_bool),
        standby: said.any(|m| m.contains("STANDBY") || m.contains("SLEEP")),
        temperature_c: at("/temperature/current").and_then(Value::as_i64),
        power_on_h: number("/power_on_time/hours"),
        attributes: table.into_iter().flatten().filter_map(attribute).collect(),
        ata_errors: number("/ata_smart_error_log/summary/count")
            .or_else(|| number("/ata_smart_error_log/extended/count")),
        nvme: at("/nvme_smart_health_information_log").and_then(nvme),
        grown_defects: number("/scsi_grown_defect_list"),
        sas_errors: SasErrors {
            read: uncorrected("read"),
            write: uncorrected("write"),
            verify: uncorrected("verify"),
        },
        non_medium_errors: number("/scsi_error_counter_log/non_medium_error/count"),
        exit: own
            .get("exit_status")
            .and_then(Value::as_u64)
            .and_then(|n| u8::try_from(n).ok())
            .map(ExitStatus),
    })
}

fn attribute(row: &Value) -> Option<Attribute> {
    let byte = |key: &str| row.get(key)?.as_u64().and_then(|n| u8::try_from(n).ok());
    let when = row.get("when_failed").and_then(Value::as_str).unwrap_or_default();
    let raw = row.get("raw");
    // The string is what the vendor means; the value is all 48 bits.
    let shown = raw.and_then(|r| r.get("string")?.as_str()).and_then(super::smartctl::number);
    Some(Attribute {
        id: byte("id")?,
        name: row.get("name").and_then(Value::as_str).map(Into::into),
        value: byte("value"),
        worst: byte("worst"),
        threshold: byte("thresh"),
        prefail: row.pointer("/flags/prefailure").and_then(Value::as_bool).unwrap_or(false),
        failing_now: when == "now",
        failed_before: !when.is_empty(),
        raw: shown.or_else(|| raw.and_then(|r| r.get("value")?.as_u64())),
    })
}

fn nvme(log: &Value) -> Option<NvmeHealth> {
    let number = |key: &str| log.get(key).and_then(Value::as_u64);
    let ratio = |key: &str| {
        let percent = number(key).and_then(|n| u32::try_from(n).ok());
        percent.map_or(0.0, |p| f64::from(p) / 100.0)
    };
    Some(NvmeHealth {
        critical_warning: u8::try_from(number("critical_warning")?).ok()?,
        available_spare_ratio: ratio("available_spare"),
        spare_threshold_ratio: ratio("available_spare_threshold"),
        used_ratio: ratio("percentage_used"),
        read_bytes: number("data_units_read").unwrap_or(0).saturating_mul(DATA_UNIT_BYTES),
        written_bytes: number("data_units_written").unwrap_or(0).saturating_mul(DATA_UNIT_BYTES),
        unsafe_shutdowns: number("unsafe_shutdowns").unwrap_or(0),
        media_errors: number("media_errors").unwrap_or(0),
        error_log_entries: number("num_err_log_entries").unwrap_or(0),
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"json_format_version":[1,0],
"smartctl":{"version":[7,2],"exit_status":64,"messages":[{"string":"note","severity":"information"}]},
"device":{"name":"/dev/sda","type":"sat","protocol":"ATA"},"model_name":"ST4000NM0035-1V4107","serial_number":"ZC1A2B3C","firmware_version":"TN03",
"smart_status":{"passed":true},"temperature":{"current":41},"power_on_time":{"hours":3987},
"ata_smart_attributes":{"revision":10,"table":[{"id":190,"name":"Airflow_Temperature_Cel","value":59,"worst":55,"thresh":45,"when_failed":"past",
"flags":{"value":34,"prefailure":false},"raw":{"value":689242153,"string":"41 (Min/Max 21/41)"}}]},
"ata_smart_error_log":{"summary":{"count":12}},
"nvme_smart_health_information_log":{"critical_warning":0,"available_spare":97,"available_spare_threshold":10,"percentage_used":3,"data_units_written":5,"media_errors":2}}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_27_json() {
        let s = parse(SAMPLE).unwrap();
        assert_eq!((s.passed, s.ata_errors, s.power_on_h), (Some(true), Some(12), Some(3987)));
        assert!(s.exit.unwrap().error_log() && !s.exit.unwrap().failing());
        let a = s.attribute(190).unwrap();
        assert_eq!((a.raw, a.threshold), (Some(41), Some(45)));
        assert!(a.failed_before && !a.failing_now && !a.prefail);
        let health = s.nvme.unwrap();
        assert_eq!(
            (health.used_ratio, health.written_bytes, health.media_errors),
            (0.03, 2_560_000, 2)
        );
        let sas = r#"{"smartctl":{"exit_status":0},"scsi_product":"LOGICAL VOLUME","scsi_grown_defect_list":4,
            "scsi_error_counter_log":{"read":{"total_uncorrected_errors":3}}}"#;
        let s = parse(sas).unwrap();
        assert!(s.logical_volume);
        assert_eq!(
            (s.grown_defects, s.sas_errors.read, s.sas_errors.write),
            (Some(4), Some(3), None)
        );
    }

    #[test]
    fn asleep_and_damaged() {
        let text = r#"{"smartctl":{"exit_status":2,"messages":[{"string":"Device is in STANDBY mode, exit(2)"}]}}"#;
        let s = parse(text).unwrap();
        assert!(s.standby && s.exit.unwrap().no_answer() && s.passed.is_none());
        assert!(parse("{}").is_err());
        assert!(parse("").is_err());
    }
}
