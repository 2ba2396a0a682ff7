//! The module of a port and the spread over its rings: texts of the tool only, since the probe does
//! not ask for them.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::ethtool::{Answer, Refusal};
use crate::parse::ethtool_text::indirection::Indirection;
use crate::parse::ethtool_text::module::{Lane, Measured, Module};

use super::super::super::inputs::EthtoolText;
use super::super::super::method::num::{len, signed};
use super::super::super::nics::{self, Nic, Spread};
use super::super::{Book, devices};
use super::One;

impl One<'_> {
    /// Module and spread, each with its source or the reason why it is not here.
    pub(super) fn port(&self, nic: &mut Nic, book: &mut Book) {
        let module = self.told(nic, "-m", |text| match text {
            EthtoolText::Module(answer) => Some(answer),
            _ => None,
        });
        nic.module = self.noted("module", "-m", module.map(fact_of), book);
        if let Some(module) = &nic.module {
            let known = [
                ("temperature_c", module.temperature_c.is_some()),
                ("rx_power_mw", module.rx_power_mw.is_some()),
                ("rx_power_dbm", module.rx_power_dbm.is_some()),
                ("is_dark", module.is_dark.is_some()),
                ("max_mbit_per_s", module.max_mbit_per_s.is_some()),
            ];
            for (field, _) in known.into_iter().filter(|(_, known)| !known) {
                let path = devices::text_path(self.inputs, "-m", self.name);
                let none = Absence::of(Reason::NotApplicable, &path, "the module does not tell");
                book.absent(format!("{}.module.{field}", self.fact), none);
            }
        }
        let spread = self.told(nic, "-x", |text| match text {
            EthtoolText::Indirection(answer) => Some(answer),
            _ => None,
        });
        nic.rss = self.noted("rss", "-x", spread.map(spread_of), book);
    }

    /// What the tool told with an option.
    fn told<T>(
        &self,
        nic: &Nic,
        option: &str,
        part: impl Fn(&EthtoolText) -> Option<&Answer<T>>,
    ) -> Result<&T, Absence> {
        let path = devices::text_path(self.inputs, option, self.name);
        let absent = |reason, detail: &str| Err(Absence::of(reason, &path, detail));
        let text = path.strip_prefix("commands/ethtool_").unwrap_or_default();
        let Some(readings) = self.inputs.net.ethtool_text.get(text) else {
            return match nic.is_virtual {
                Some(true) => absent(Reason::NotApplicable, "a software device"),
                _ => absent(Reason::NotCollected, ""),
            };
        };
        match part(readings.first()?) {
            Some(Answer::Told(told)) => Ok(told),
            Some(Answer::Refused(Refusal::NotSupported)) => {
                absent(Reason::NotApplicable, "the port or its driver has none")
            }
            Some(Answer::Refused(Refusal::NotPermitted)) => absent(Reason::Denied, "EPERM"),
            Some(Answer::Refused(Refusal::NoDevice)) => absent(Reason::Vanished, "ENODEV"),
            Some(Answer::Refused(Refusal::Other(why))) => absent(Reason::Failed, why),
            None => absent(Reason::NotCollected, ""),
        }
    }

    fn noted<T>(
        &self,
        field: &str,
        option: &str,
        told: Result<T, Absence>,
        book: &mut Book,
    ) -> Option<T> {
        let fact = format!("{}.{field}", self.fact);
        match told {
            Ok(told) => {
                let path = devices::text_path(self.inputs, option, self.name);
                book.source(fact, Locator::entry(path));
                Some(told)
            }
            Err(absence) => {
                book.absent(fact, absence);
                None
            }
        }
    }
}

fn fact_of(module: &Module) -> nics::Module {
    let lanes = |of: fn(&Lane) -> Option<Measured>| module.lanes.values().filter_map(of);
    let weakest = |of| lanes(of).min_by(|a, b| a.value.total_cmp(&b.value));
    let (rx, tx) = (weakest(|lane| lane.rx_power), weakest(|lane| lane.tx_power));
    let limit = ["warning", "alarm"]
        .iter()
        .find_map(|level| module.thresholds.get(&format!("laser rx power low {level}")));
    let types = &module.types;
    let ethernet = types.iter().find(|t| t.to_ascii_lowercase().contains("base"));
    nics::Module {
        form: module.identifier.clone().unwrap_or_default(),
        kind: ethernet.or(types.first()).cloned(),
        vendor: module.vendor.clone(),
        part_number: module.part_number.clone(),
        serial_number: module.serial_number.clone(),
        max_mbit_per_s: module.max_mbit_per_s(),
        temperature_c: module.temperature.map(|t| t.value),
        voltage_v: module.voltage.map(|v| v.value),
        bias_ma: lanes(|lane| lane.bias).map(|b| b.value).max_by(f64::total_cmp),
        tx_power_mw: tx.map(|p| p.value),
        tx_power_dbm: tx.and_then(|p| p.dbm),
        rx_power_mw: rx.map(|p| p.value),
        rx_power_dbm: rx.and_then(|p| p.dbm),
        rx_low_dbm: limit.and_then(|l| l.dbm),
        is_dark: rx.zip(limit).map(|(rx, limit)| rx.value <= limit.value),
        alarms: module.alarms.clone(),
    }
}

fn spread_of(table: &Indirection) -> Spread {
    let entries = table.entries.values();
    let (least, most) = (entries.clone().min(), entries.max());
    Spread {
        rings: signed(table.rings),
        rings_used: len(table.entries.len()),
        only_ring: match table.entries.first_key_value() {
            Some((ring, _)) if table.entries.len() == 1 => Some(i64::from(*ring)),
            _ => None,
        },
        is_uneven: least.zip(most).is_some_and(|(least, most)| most.saturating_sub(*least) > 1),
    }
}
