# Sourced: the guest's only file system. Nothing of it is on a disk.

# initrd KERNEL_FOLDER SCENARIO: busybox, modules, collector, the scenario and its tools.
initrd() {
  local root="$RUN/root" applet tool
  mkdir -p "$root"/{bin,sbin,dev,proc,sys,tmp,run,out,mnt,etc}
  cp "$(command -v busybox)" "$root/bin/busybox"
  for applet in $("$root/bin/busybox" --list); do ln -s busybox "$root/bin/$applet" 2>/dev/null; done
  # Where the kernel looks when something wants a module.
  ln -s ../bin/busybox "$root/sbin/modprobe"
  cp -r "$1/lib" "$root/"
  for tool in ${tools:-}; do add_tool "$tool" "$root" || return 1; done
  cp "$COLLECTOR" "$root/bin/linsight-collect"
  cp "$VM/hang" "$VM/load" "$root/bin/"
  cp tests/vm/guest.sh "$root/guest.sh"
  cp "tests/vm/scenarios/$2.sh" "$root/scenario.sh"
  ln -s guest.sh "$root/init"
  printf 'PRETTY_NAME="linsight test guest"\nID=guest\n' >"$root/etc/os-release"
  printf 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$root/etc/passwd"
  # Uncompressed: the host reads it faster than an emulated processor unpacks it.
  (cd "$root" && find . | cpio -o -H newc --quiet) >"$RUN/initrd" && rm -rf "$root"
}

# add_tool COMMAND ROOT: a dynamic program of this machine and its libraries.
add_tool() {
  local path library
  path=$(PATH="$PATH:/usr/sbin:/sbin" command -v "$1") || { echo "no $1 here"; return 1; }
  rm -f "$2/bin/$1"
  cp -L "$path" "$2/bin/$1"
  ldd "$path" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$2/$(dirname "$library")" && cp -Ln "$library" "$2$library"
  done
}
