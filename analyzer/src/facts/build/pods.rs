//! Kubernetes pods: control groups and network namespaces carry only the uid of a pod, and the
//! directories of its logs (`/var/log/pods/<namespace>_<name>_<uid>`) say whose that is.

use std::collections::BTreeMap;

use super::super::env::Pod;
use super::super::inputs::Inputs;
use super::Book;

const FACT: &str = "env.pods";
/// The kubelet runs 110 pods on a host unless told otherwise.
const MAX_PODS: usize = 1000;

/// The pods of the host.
pub(super) fn build(inputs: &Inputs, book: &mut Book) -> Vec<Pod> {
    let names = book.first(FACT, &inputs.host.pods);
    names.into_iter().flatten().take(MAX_PODS).cloned().collect()
}

/// `kube-system_coredns-5d78c9869d-x2x4v_1f2e3d4c-…`: no part of a name holds an underscore.
pub(in crate::facts) fn parse(text: &str) -> Vec<Pod> {
    let pod = |line: &str| {
        let (namespace, rest) = line.trim().split_once('_')?;
        let (name, uid) = rest.rsplit_once('_')?;
        let whole = !namespace.is_empty() && !name.is_empty() && !uid.is_empty();
        let owned = str::to_owned;
        whole.then(|| Pod { namespace: owned(namespace), name: owned(name), uid: owned(uid) })
    };
    text.lines().filter_map(pod).collect()
}

/// Pods by what control groups carry.
pub(super) struct Pods(BTreeMap<String, String>);

impl Pods {
    pub(super) fn of(inputs: &Inputs) -> Self {
        let pods = inputs.host.pods.first().map(Vec::as_slice).unwrap_or_default();
        Self(pods.iter().map(|p| (p.uid.clone(), format!("{}/{}", p.namespace, p.name))).collect())
    }

    /// `namespace/name` of the pod that a control group belongs to. The uid stands behind `pod` in
    /// a part of the path; systemd has its dashes as underscores.
    pub(super) fn of_group(&self, path: &str) -> Option<&str> {
        path.split('/').find_map(|part| {
            let part = part.strip_suffix(".slice").unwrap_or(part);
            let at = part.rfind("pod")?;
            let uid = part.get(at..)?.strip_prefix("pod")?.replace('_', "-");
            self.0.get(&uid).map(String::as_str)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_both_drivers_name_their_pod() {
        let uid = "1f2e3d4c-0001-4a5b-9c8d-aabbccddeeff";
        let pods =
            parse(&format!("default_web-1_{uid}\nkube-system_etcd-a_0123abcd\nlost+found\n_\n"));
        assert_eq!(pods.len(), 2);
        assert_eq!((pods[0].namespace.as_str(), pods[0].name.as_str()), ("default", "web-1"));
        let pods = Pods(
            pods.iter().map(|p| (p.uid.clone(), format!("{}/{}", p.namespace, p.name))).collect(),
        );
        let systemd = format!(
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{}.slice/cri-containerd-7.scope",
            uid.replace('-', "_")
        );
        assert_eq!(pods.of_group(&systemd), Some("default/web-1"));
        assert_eq!(
            pods.of_group(&format!("/kubepods/besteffort/pod{uid}/9")),
            Some("default/web-1")
        );
        assert_eq!(pods.of_group("/kubepods/pod0123abcd"), Some("kube-system/etcd-a"), "static");
        assert_eq!(pods.of_group("/machine.slice/libpod-9.scope"), None);
        assert_eq!(pods.of_group("/kubepods/podunknown"), None);
    }
}
