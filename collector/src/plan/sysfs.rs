//! Which files of `/sys` (and of `/proc/irq`) are read: an allow-list, because reading there may
//! create a device, wake a disk or take a firmware lock. A pattern that ends in `@` names links.

pub(super) const IRQ: &[&str] = &["irq/*/{smp_affinity_list,effective_affinity_list}"];

pub(super) const SYS_CPU: &[&str] = &[
    "devices/system/cpu/{present,online,offline,possible,isolated,nohz_full}",
    "devices/system/cpu/smt/{active,control}",
    "devices/system/cpu/vulnerabilities/*",
    "devices/system/cpu/cpu0/microcode/version",
    "devices/system/cpu/{intel_pstate,amd_pstate,cpuidle}/{status,no_turbo,max_perf_pct,min_perf_pct,current_driver,current_governor,current_governor_ro}",
    "devices/system/cpu/cpu*/topology/{core_id,physical_package_id,die_id,thread_siblings_list,core_siblings_list}",
    "devices/system/cpu/cpufreq/policy*/{affected_cpus,scaling_governor,scaling_driver,scaling_min_freq,scaling_max_freq,cpuinfo_min_freq,cpuinfo_max_freq,base_frequency,bios_limit,energy_performance_preference}",
    // Asks the CPU: `files::not_of_quiet_cpus` leaves out those that are not to be interrupted.
    "devices/system/cpu/cpufreq/policy*/scaling_cur_freq",
    "devices/system/cpu/cpu*/thermal_throttle/{core_throttle_count,package_throttle_count,core_throttle_total_time_ms,package_throttle_total_time_ms}",
    "devices/system/cpu/cpu*/cache/index*/{level,type,size,shared_cpu_list}",
    "devices/system/clocksource/clocksource0/{current_clocksource,available_clocksource}",
];

pub(super) const SYS_NODE: &[&str] = &[
    "devices/system/node/{online,possible,has_memory,has_cpu,has_normal_memory}",
    "devices/system/node/node*/{meminfo,numastat,vmstat,distance,cpulist}",
    "devices/system/node/node*/hugepages/*/{nr_hugepages,free_hugepages,surplus_hugepages}",
];

pub(super) const SYS_MM: &[&str] = &[
    "kernel/mm/hugepages/*/{nr_hugepages,free_hugepages,resv_hugepages,surplus_hugepages,nr_overcommit_hugepages}",
    "kernel/mm/transparent_hugepage/{enabled,defrag,shmem_enabled,use_zero_page}",
    "kernel/mm/transparent_hugepage/khugepaged/*",
    "kernel/mm/transparent_hugepage/hpage_pmd_size",
    "kernel/mm/transparent_hugepage/hugepages-*/{enabled,shmem_enabled}",
    "kernel/mm/transparent_hugepage/hugepages-*/stats/*",
    "kernel/mm/ksm/*",
    "kernel/mm/swap/vma_ra_enabled",
    "kernel/mm/lru_gen/{enabled,min_ttl_ms}",
    "kernel/mm/numa/demotion_enabled",
    "module/zswap/parameters/*",
];

pub(super) const SYS_BLOCK: &[&str] = &[
    "block/*/{size,ro,removable,stat,inflight,ext_range,events_poll_msecs}",
    "block/*/device/{vendor,model,rev,state,queue_depth,ioerr_cnt,iodone_cnt,iorequest_cnt,timeout,type,firmware_rev,serial,wwid,transport,numa_node}",
    "block/*/queue/{scheduler,nr_requests,rotational,read_ahead_kb,logical_block_size,physical_block_size,minimum_io_size,optimal_io_size,max_sectors_kb,max_hw_sectors_kb,nomerges,rq_affinity,write_cache,wbt_lat_usec,discard_granularity,discard_max_bytes,io_timeout,fua,zoned,dax}",
    "block/*/md/{level,array_state,degraded,sync_action,sync_completed,sync_speed,mismatch_cnt,raid_disks,bitmap,stripe_cache_size,consistency_policy}",
    "block/*/md/dev-*/{state,errors,slot}",
    "block/*/dm/{name,uuid,suspended}",
    "block/zram*/{disksize,mm_stat,io_stat,comp_algorithm,max_comp_streams,backing_dev}",
    "block/*/*{0,1,2,3,4,5,6,7,8,9}/{partition,start,alignment_offset}",
    "block/*/device@",
    "block/*/device/driver@",
    "block/*/slaves/*@",
    "block/*/holders/*@",
    "class/nvme/nvme*/{model,serial,firmware_rev,state,transport,address,queue_count,sqsize,numa_node}",
    "class/scsi_host/host*/{proc_name,state,link_power_management_policy}",
];

pub(super) const SYS_ZRAM: &[&str] =
    &["block/zram*/{disksize,mm_stat,io_stat,bd_stat,comp_algorithm,backing_dev}"];

/// Parameters of modules that rules ask for.
pub(super) const SYS_MODULE: &[&str] = &[
    "module/{nvme,nvme_core}/parameters/{io_timeout,admin_timeout,max_retries,shutdown_timeout,default_ps_max_latency_us,multipath,io_queue_depth,poll_queues,write_queues}",
    "module/{scsi_mod,sd_mod,libata,dm_multipath,dm_mod}/parameters/*",
    "module/{md_mod,raid456}/parameters/*",
    "module/nf_conntrack/parameters/{hashsize,acct,expect_hashsize,tstamp}",
    "module/zfs/parameters/{zfs_arc_max,zfs_arc_min,zfs_arc_sys_free,zfs_txg_timeout,zfs_dirty_data_max}",
    "module/bonding/parameters/*",
    "module/tcp_{cubic,bbr}/parameters/*",
    "module/{ip_vs,ipv6}/parameters/*",
    "module/{pcie_aspm,processor,intel_idle,acpi_cpufreq}/parameters/{policy,max_cstate,ignore_ppc}",
    "module/{kvm,kvm_intel,kvm_amd}/parameters/{halt_poll_ns,nested,nx_huge_pages}",
    "module/{rcupdate,rcutree}/parameters/{rcu_cpu_stall_timeout,rcu_normal,rcu_expedited}",
    "module/{watchdog,printk,workqueue}/parameters/{open_timeout,time,power_efficient}",
];

/// Files of a debugfs that is mounted, by name: others there act when they are read (below `ttm`
/// the neighbours of this one reclaim memory).
pub(super) const SYS_DEBUG: &[&str] = &[
    "kernel/debug/zswap/{pool_total_size,pool_limit_hit,stored_pages,same_filled_pages,written_back_pages,reject_reclaim_fail,reject_compress_poor,reject_alloc_fail}",
    "kernel/debug/ttm/page_pool",
];

/// Stable names of disks.
pub(super) const DISK_NAMES: &[&str] = &["by-*/*@"];

/// What is started at boot, renamed or masked (a link to `/dev/null`).
pub(super) const UNIT_LINKS: &[&str] = &["*@", "*.{wants,requires}/*@"];

pub(super) const SYS_FS: &[&str] = &[
    "fs/ext4/*/{errors_count,warning_count,msg_count,first_error_time,first_error_func,last_error_time,last_error_func,last_error_errcode,lifetime_write_kbytes}",
    "fs/xfs/*/error/fail_at_unmount",
    "fs/xfs/*/error/metadata/*/max_retries",
    "fs/btrfs/*/{label,exclusive_operation,commit_stats}",
    "fs/btrfs/*/devices/*@",
    "fs/btrfs/*/devinfo/*/{error_stats,missing,in_fs_metadata}",
    "fs/btrfs/*/allocation/{data,metadata,system}/{bytes_used,total_bytes,bytes_may_use,flags}",
    "fs/fuse/connections/*/{waiting,max_background,congestion_threshold}",
];

/// Version 2, then version 1.
pub(super) const CGROUP: &str = "cgroup.controllers,cgroup.events,cgroup.stat,\
    memory.current,memory.max,memory.high,memory.low,memory.min,memory.peak,memory.events,\
    memory.stat,memory.pressure,memory.oom.group,memory.swap.current,memory.swap.max,\
    memory.swap.events,memory.zswap.current,cpu.max,cpu.stat,cpu.weight,cpu.pressure,\
    io.stat,io.pressure,io.max,io.weight,pids.current,pids.max,pids.events,pids.peak,\
    cpuset.cpus,cpuset.cpus.effective,cpuset.mems,cpuset.mems.effective,\
    memory.usage_in_bytes,memory.limit_in_bytes,memory.max_usage_in_bytes,memory.failcnt,\
    memory.memsw.usage_in_bytes,memory.memsw.limit_in_bytes,memory.kmem.usage_in_bytes,\
    memory.soft_limit_in_bytes,memory.oom_control,memory.use_hierarchy,cpu.cfs_quota_us,\
    cpu.cfs_period_us,cpu.shares,cpuacct.usage,cpuset.effective_cpus,cpuset.effective_mems,\
    blkio.throttle.io_serviced,blkio.throttle.io_service_bytes";

pub(super) const SYS_NET: &[&str] = &[
    "class/net/*/{address,mtu,operstate,carrier,carrier_changes,carrier_up_count,carrier_down_count,speed,duplex,type,flags,ifindex,iflink,tx_queue_len,ifalias,name_assign_type,dormant,gro_flush_timeout,napi_defer_hard_irqs,threaded}",
    "class/net/*/device/{vendor,device,numa_node,local_cpulist,current_link_speed,current_link_width,max_link_speed,max_link_width,sriov_numvfs}",
    "class/net/*/device/driver@",
    "class/net/*/device@",
    "class/net/*/device/msi_irqs/*",
    "class/net/*/master@",
    "class/net/*/{lower_*,upper_*}@",
    "class/net/*/queues/rx-*/{rps_cpus,rps_flow_cnt}",
    "class/net/*/queues/tx-*/{xps_cpus,tx_timeout,traffic_class}",
    "class/net/*/queues/tx-*/byte_queue_limits/{limit,limit_max,inflight,hold_time}",
    "class/net/*/bonding/{mode,slaves,active_slave,mii_status,miimon,xmit_hash_policy,lacp_rate,ad_partner_mac,ad_num_ports,primary,fail_over_mac,all_slaves_active,arp_interval}",
    "class/net/*/bonding_slave/{state,mii_status,link_failure_count,perm_hwaddr,queue_id,ad_aggregator_id,ad_actor_oper_port_state,ad_partner_oper_port_state}",
    "class/net/*/bridge/{stp_state,bridge_id,forward_delay,vlan_filtering,multicast_snooping}",
    "class/net/*/brport/{state,path_cost,priority}",
    "class/net/*/statistics/*",
];

pub(super) const SYS_DMI: &[&str] = &[
    "class/dmi/id/{sys_vendor,product_name,product_version,product_family,product_sku,board_vendor,board_name,board_version,bios_vendor,bios_version,bios_date,bios_release,ec_firmware_release,chassis_type,chassis_vendor,chassis_version,chassis_asset_tag}",
];

pub(super) const SYS_HYPERVISOR: &[&str] = &[
    "hypervisor/{type,uuid,guest_type}",
    "hypervisor/version/{major,minor,extra}",
    "hypervisor/properties/features",
];

pub(super) const SYS_PCI: &[&str] = &[
    "bus/pci/devices/*/{vendor,device,subsystem_vendor,subsystem_device,class,revision,current_link_speed,current_link_width,max_link_speed,max_link_width,numa_node,local_cpulist,enable,power_state}",
    "bus/pci/devices/*/driver@",
];

/// Errors of links that PCI Express has counted: kept in memory, no device is asked.
pub(super) const SYS_AER: &[&str] =
    &["bus/pci/devices/*/{aer_dev_correctable,aer_dev_nonfatal,aer_dev_fatal}"];

pub(super) const SYS_EDAC: &[&str] = &[
    "devices/system/edac/mc/mc*/{mc_name,size_mb,ce_count,ce_noinfo_count,ue_count,ue_noinfo_count,seconds_since_reset}",
    "devices/system/edac/mc/mc*/{dimm*,rank*}/{dimm_label,dimm_location,dimm_mem_type,dimm_ce_count,dimm_ue_count,size}",
    "devices/system/edac/mc/mc*/csrow*/{ce_count,ue_count,size_mb,mem_type}",
    "devices/system/edac/mc/mc*/csrow*/ch*_{ce_count,dimm_label}",
];
