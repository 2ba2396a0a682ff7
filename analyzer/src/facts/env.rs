//! The environment gate: what kind of machine the snapshot shows.

use schemars::JsonSchema;
use serde::Serialize;

/// Kind of machine, told once, since it lowers the confidence of whole chapters.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Env {
    /// `bare-metal`, `vm` or `container-view`.
    pub kind: Option<String>,
    /// Name of the hypervisor, for a virtual machine ("kvm", "vmware", "firecracker").
    pub hypervisor: Option<String>,
    /// Cloud vendor by DMI or drivers ("aws", "gcp", "azure").
    pub cloud: Option<String>,
    /// The archive was taken inside a container: host-wide figures may be the container's.
    pub container_view: Option<bool>,
    /// What the verdict rests on, in words.
    pub reasons: Vec<String>,
    /// Kubernetes pods that keep logs on this host, by the names of their directories; at most
    /// 1000. Absent where there is no directory of pods.
    pub pods: Vec<Pod>,
}

/// A Kubernetes pod.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pod {
    /// Kubernetes namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Its identity: control groups carry it.
    pub uid: String,
}
