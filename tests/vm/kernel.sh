# Sourced: a Debian kernel and those of its modules that scenarios use, kept in target/vm/kernel.

# Modules of a guest. Only those that a scenario names in `load` are loaded at boot; the others lie
# there to be loaded on demand, which a collector must never cause.
MODULES="ahci sd_mod nvme e1000 e1000e virtio_pci virtio_console fuse dummy veth sg
  inet_diag tcp_diag udp_diag raw_diag unix_diag af_packet_diag netlink_diag
  nfnetlink nf_conntrack nf_conntrack_netlink nf_tables ip_tables xfrm_user msr cpuid loop
  md_mod raid1 megaraid_sas bonding virtio_balloon"

# suite_apt SUITE COMMAND...: apt of one Debian suite, whatever suite this machine runs, in a state
# of its own: nothing of the machine's apt changes, and no root is needed.
suite_apt() {
  local suite=$1 dir="$VM/apt/$1" mirror; shift
  if [ ! -e "$dir/sources.list" ]; then
    mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
      awk '$1 == "Debian" && $2 ~ /\/debian\/$/ && $3 == "main" { print $2; exit }')
    [ -n "$mirror" ] || { echo "no Debian mirror among the sources of apt here" >&2; return 1; }
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    echo "deb $mirror $suite main" >"$dir/sources.new"
    mv "$dir/sources.new" "$dir/sources.list"
  fi
  "$1" -qq -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir/cache" -o Acquire::Languages=none \
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o APT::Sandbox::User= "${@:2}"
}

# kernel SUITE: the folder with vmlinuz, release and lib/modules of the suite's generic kernel
# (the cloud kernel has no AHCI and no e1000e).
kernel() {
  local suite=$1 dir
  dir="$VM/kernel/$1-$(echo "$MODULES" | cksum | cut -d' ' -f1)"
  [ -e "$dir/release" ] || fetch_kernel "$suite" "$dir" >&2 || return 1
  echo "$dir"
}

# fetch_kernel SUITE FOLDER: downloads and keeps it. What is halfway there goes, however it ends.
fetch_kernel() (
  suite=$1 dir=$2
  new=$(mktemp -d "$VM/kernel.XXXXXX") || exit 1
  trap 'rm -rf "$new"' EXIT
  trap 'exit 1' HUP INT TERM
  suite_apt "$suite" apt-get update || exit 1
  package=$(suite_apt "$suite" apt-cache depends linux-image-amd64 |
    awk '$1 == "Depends:" && /linux-image-/ { print $2; exit }')
  release=${package#linux-image-}
  echo "fetching Debian's kernel $release ($suite)"
  # From 7.x on kernel and modules are packages of their own.
  # shellcheck disable=SC2046
  (cd "$new" && suite_apt "$suite" apt-get download "$package" \
    $(suite_apt "$suite" apt-cache depends "$package" |
      awk -v end="-$release" '$1 == "Depends:" && index($2, end) { print $2 }')) || exit 1
  tree="$new/tree"
  for package in "$new"/*.deb; do dpkg-deb -x "$package" "$tree" || exit 1; done
  # Later packages know /lib as a part of /usr only, and keep the kernel with its modules.
  [ -d "$tree/lib/modules" ] || { mkdir -p "$tree/lib" && mv "$tree/usr/lib/modules" "$tree/lib/"; }
  depmod -b "$tree" "$release" || exit 1
  keep_modules "$tree" "$new/kept" "$release" || exit 1
  find "$tree" -name 'vmlinuz*' -exec mv {} "$new/kept/vmlinuz" \;
  [ -s "$new/kept/vmlinuz" ] || exit 1
  echo "$release" >"$new/kept/release"
  mkdir -p "$VM/kernel" && rm -rf "$dir" && mv "$new/kept" "$dir"
)

# keep_modules FROM TO RELEASE: MODULES and what they need, uncompressed, with their index.
keep_modules() {
  local from=$1 to=$2 release=$3 base="lib/modules/$3" module file
  mkdir -p "$to/$base"
  for module in $MODULES; do
    # A module that this kernel lacks is built in, or not there: the scenario will tell.
    modprobe -S "$release" -d "$from" --show-depends "$module" 2>/dev/null
  done | awk '$1 == "insmod" { print $2 }' | sort -u | while read -r file; do
    file=${file#"$from/"}; file=${file#/}
    mkdir -p "$to/$(dirname "$file")"
    case $file in
      *.xz) xz -dc "$from/$file" >"$to/${file%.xz}" ;;
      *.zst) zstd -qdc "$from/$file" >"$to/${file%.zst}" ;;
      *) cp "$from/$file" "$to/$file" ;;
    esac
  done
  cp "$from/$base"/modules.{order,builtin,builtin.modinfo} "$to/$base/"
  depmod -b "$to" "$release"
}
