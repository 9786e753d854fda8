/* SPDX-License-Identifier: MIT */
/*
 * The machines of test/cpus.c.  Each is a sentence; the size of the affinity mask; the count
 * and the quota that must come out; the file whose quota decided (NULL = the mask did); and
 * the files of the machine, by pairs of a name and what is in it.
 *
 * Where a file must not be believed, or not be looked at, a tighter quota lies in wait there.
 */

#define GROUP(text) "proc/self/cgroup", text
#define MOUNTS(text) "proc/self/mountinfo", text
#define MOUNT(root, point, rest) "31 23 0:27 " root " " point " rw,nosuid " rest "\n"
#define V2_MOUNT(root) MOUNT(root, "/sys/fs/cgroup", "shared:4 - cgroup2 cgroup2 rw,nsdelegate")
#define V1_MOUNT(root) MOUNT(root, "/sys/fs/cgroup/cpu", "shared:9 - cgroup cgroup rw,cpu,cpuacct")
#define MAX(group, text) "sys/fs/cgroup" group "/cpu.max", text
#define QUOTA(group, text) "sys/fs/cgroup/cpu" group "/cpu.cfs_quota_us", text
#define PERIOD(group, text) "sys/fs/cgroup/cpu" group "/cpu.cfs_period_us", text
#define V2_FILE(group) "/sys/fs/cgroup" group "/cpu.max"
#define V1_FILE(group) "/sys/fs/cgroup/cpu" group "/cpu.cfs_quota_us"
#define V2(group) GROUP("0::" group "\n"), MOUNTS(V2_MOUNT("/"))
#define V1(group) GROUP("4:cpu,cpuacct:" group "\n"), MOUNTS(V1_MOUNT("/"))
#define ONE "100000 100000\n"
#define TWO "200000 100000\n"
#define FOUR "400000 100000\n"

/* ---- the mask alone ------------------------------------------------------------- */

MACHINE(without_any_files_the_mask_decides, 4, 4, 0, NULL, "etc/hostname", "here\n")
MACHINE(a_mask_of_more_than_1024_cpus_makes_1024, 5000, 1024, 0, NULL, "etc/hostname", "here\n")
MACHINE(without_mountinfo_there_is_no_quota, 8, 8, 0, NULL, GROUP("0::/\n"), MAX("", ONE))
MACHINE(without_a_cgroup_there_is_no_quota, 8, 8, 0, NULL, MOUNTS(V2_MOUNT("/")), MAX("", ONE))
MACHINE(without_a_mount_there_is_no_quota, 8, 8, 0, NULL, GROUP("0::/\n"),
        MOUNTS(MOUNT("/", "/sys", "- sysfs sysfs rw")), MAX("", ONE))
MACHINE(empty_files_set_no_quota, 8, 8, 0, NULL, GROUP(""), MOUNTS(""), MAX("", ""))

/* ---- a quota of version 2 ------------------------------------------------------- */

MACHINE(a_quota_is_rounded_down, 8, 2, 2.75, V2_FILE("/a"), V2("/a"), MAX("/a", "275000 100000\n"))
MACHINE(a_quota_below_1_makes_one, 8, 1, 0.25, V2_FILE(""), V2("/"), MAX("", "25000 100000\n"))
MACHINE(the_period_may_be_any, 8, 5, 5, V2_FILE(""), V2("/"), MAX("", "50000 10000\n"))
MACHINE(a_third_number_is_no_harm, 8, 2, 2, V2_FILE(""), V2("/"), MAX("", "200000 100000 7\n"))
MACHINE(a_quota_above_the_mask_changes_nothing, 2, 2, 4, NULL, V2("/"), MAX("", FOUR))
MACHINE(a_quota_like_the_mask_changes_nothing, 4, 4, 4, NULL, V2("/"), MAX("", FOUR))
MACHINE(a_quota_is_enough_if_the_mask_is_unknown, 0, 4, 4, V2_FILE(""), V2("/"), MAX("", FOUR))
MACHINE(a_quota_above_1024_makes_1024, 0, 1024, 5000, V2_FILE(""), V2("/"), MAX("", "5000 1\n"))
MACHINE(max_is_no_quota, 8, 8, 0, NULL, V2("/a"), MAX("/a", "max 100000\n"))
MACHINE(newlines_at_the_end_are_not_needed, 8, 1, 1, V2_FILE("/a"), GROUP("0::/a"),
        MOUNTS("31 23 0:27 / /sys/fs/cgroup rw - cgroup2 none rw"), MAX("/a", "100000 100000"))
MACHINE(the_largest_number_is_a_quota, 8, 8, 999999999999999, NULL, V2("/"),
        MAX("", "999999999999999 1\n"))
MACHINE(the_smallest_quota_makes_one, 8, 1, 1 / 999999999999999.0, V2_FILE(""), V2("/"),
        MAX("", "1 999999999999999\n"))
MACHINE(a_file_that_cannot_be_read_is_no_quota, 8, 8, 0, NULL, V2("/"),
        "sys/fs/cgroup/cpu.max/is_a_folder", "")

/* ---- cgroups in cgroups --------------------------------------------------------- */

MACHINE(the_tightest_quota_may_be_our_own, 8, 1, 1, V2_FILE("/a/b"), V2("/a/b"), MAX("", FOUR),
        MAX("/a", TWO), MAX("/a/b", ONE))
MACHINE(the_tightest_quota_may_be_the_parents, 8, 1, 1, V2_FILE("/a"), V2("/a/b"), MAX("/a", ONE),
        MAX("/a/b", TWO))
MACHINE(the_tightest_quota_may_be_far_above, 8, 1, 1, V2_FILE(""), V2("/a/b/c/d"), MAX("", ONE),
        MAX("/a/b", FOUR), MAX("/a/b/c/d", TWO))
MACHINE(an_ancestor_counts_if_we_have_max, 8, 2, 2, V2_FILE("/a"), V2("/a/b/c"), MAX("/a", TWO),
        MAX("/a/b", "max 100000\n"), MAX("/a/b/c", "max 100000\n"))
MACHINE(an_ancestor_counts_if_we_are_gone, 8, 2, 2, V2_FILE("/a"), V2("/a/b/c (deleted)"),
        MAX("/a", TWO), MAX("/a/b/c", ONE))
MACHINE(an_ancestor_counts_if_we_have_nonsense, 8, 2, 2, V2_FILE("/a"), V2("/a/b"), MAX("/a", TWO),
        MAX("/a/b", "nonsense"))
MACHINE(siblings_and_children_do_not_count, 8, 2, 2, V2_FILE("/a"), V2("/a"), MAX("/a", TWO),
        MAX("/b", ONE), MAX("/a/b", ONE), MAX("/a/a", ONE))
MACHINE(slashes_may_be_doubled, 8, 1, 1, V2_FILE("/a/b"), V2("//a//b/"), MAX("/a/b", ONE))
MACHINE(a_colon_is_a_part_of_the_name, 8, 1, 1, V2_FILE("/a:b"), V2("/a:b"), MAX("/a:b", ONE))
MACHINE(a_name_may_begin_with_two_dots, 8, 1, 1, V2_FILE("/..a"), V2("/..a"), MAX("/..a", ONE))

/* ---- version 1, and both -------------------------------------------------------- */

MACHINE(version_1_has_two_files, 8, 1, 1.5, V1_FILE("/a"), V1("/a"), QUOTA("/a", "75000\n"),
        PERIOD("/a", "50000\n"))
MACHINE(version_1_has_ancestors_too, 8, 1, 1, V1_FILE("/a"), V1("/a/b"), QUOTA("/a", "100000\n"),
        PERIOD("/a", "100000\n"), QUOTA("/a/b", "200000\n"), PERIOD("/a/b", "100000\n"))
MACHINE(minus_1_is_no_quota, 8, 8, 0, NULL, V1("/"), QUOTA("", "-1\n"), PERIOD("", "100000\n"))
MACHINE(a_quota_of_0_is_none, 8, 8, 0, NULL, V1("/"), QUOTA("", "0\n"), PERIOD("", "100000\n"))
MACHINE(a_period_of_0_is_no_quota, 8, 8, 0, NULL, V1("/"), QUOTA("", "1\n"), PERIOD("", "0\n"))
MACHINE(no_period_is_no_quota, 8, 8, 0, NULL, V1("/"), QUOTA("", "100000\n"))
MACHINE(no_quota_but_a_period_is_none, 8, 8, 0, NULL, V1("/"), PERIOD("", "100000\n"))
MACHINE(nonsense_in_version_1_is_no_quota, 8, 8, 0, NULL, V1("/"), QUOTA("", "1x"), PERIOD("", "1"))
MACHINE(cpuset_and_cpuacct_are_not_cpu, 8, 2, 2, V1_FILE("/a"),
        GROUP("3:cpuset:/b\n2:cpuacct:/b\n9:memory,cpu,pids:/a\n1:name=cpu:/b\n"),
        MOUNTS(MOUNT("/", "/cpuset", "- cgroup cgroup rw,cpuset") V1_MOUNT("/")),
        QUOTA("/a", "200000\n"), PERIOD("/a", "100000\n"), QUOTA("/b", "1\n"), PERIOD("/b", "1\n"),
        "cpuset/a/cpu.cfs_quota_us", "1", "cpuset/a/cpu.cfs_period_us", "1")
MACHINE(with_both_version_1_wins_from_above, 8, 2, 2, V1_FILE("/a"), GROUP("4:cpu:/a\n0::/b\n"),
        MOUNTS(V2_MOUNT("/") V1_MOUNT("/")), MAX("/b", ONE), QUOTA("/a", "200000\n"),
        PERIOD("/a", "100000\n"))
MACHINE(with_both_version_1_wins_from_below, 8, 2, 2, V1_FILE("/a"), GROUP("0::/b\n4:cpu:/a\n"),
        MOUNTS(V1_MOUNT("/") V2_MOUNT("/")), MAX("/b", ONE), QUOTA("/a", "200000\n"),
        PERIOD("/a", "100000\n"))
MACHINE(with_both_version_2_has_what_1_has_not, 8, 2, 2, V2_FILE("/b"),
        GROUP("3:memory:/a\n1:name=systemd:/a\n0::/b\n"), MOUNTS(V1_MOUNT("/") V2_MOUNT("/")),
        MAX("/b", TWO), MAX("/a", ONE), QUOTA("/a", "1\n"), PERIOD("/a", "1\n"))

/* ---- containers: mounts that begin elsewhere ------------------------------------ */

MACHINE(a_containers_mount_begins_at_its_cgroup, 8, 1, 1, V2_FILE(""), GROUP("0::/docker/abc\n"),
        MOUNTS(V2_MOUNT("/docker/abc")), MAX("", ONE))
MACHINE(a_containers_mount_of_version_1_too, 8, 1, 1, V1_FILE(""), GROUP("5:cpu:/docker/abc\n"),
        MOUNTS(V1_MOUNT("/docker/abc")), QUOTA("", "100000\n"), PERIOD("", "100000\n"))
MACHINE(below_a_containers_cgroup_we_walk_down, 8, 1, 1, V2_FILE("/x/y"),
        GROUP("0::/docker/abc/x/y\n"), MOUNTS(V2_MOUNT("/docker/abc")), MAX("", TWO),
        MAX("/x/y", ONE), MAX("/docker/abc", "1 1000\n"))
MACHINE(half_a_name_is_not_a_root, 8, 2, 2, V2_FILE(""), GROUP("0::/docker/abc\n"),
        MOUNTS(V2_MOUNT("/docker/ab")), MAX("", TWO), MAX("/c", ONE))
MACHINE(a_mount_may_begin_above_our_namespace, 8, 1, 1, V2_FILE("/b"), GROUP("0::/../b\n"),
        MOUNTS(V2_MOUNT("/..")), MAX("", TWO), MAX("/b", ONE))
MACHINE(where_our_name_is_hidden_the_mounts_top_counts, 8, 2, 2, V2_FILE(""), GROUP("0::/b\n"),
        MOUNTS(V2_MOUNT("/../..")), MAX("", TWO), MAX("/b", ONE))
MACHINE(outside_of_the_namespace_the_mounts_top_counts, 8, 2, 2, V2_FILE("/m"), GROUP("0::/../b\n"),
        MOUNTS(MOUNT("/", "/sys/fs/cgroup/m", "- cgroup2 cgroup2 rw")), MAX("/m", TWO),
        MAX("/b", ONE), MAX("", ONE))
MACHINE(of_two_mounts_the_one_that_shows_us_counts, 8, 4, 4, V2_FILE("/a"), GROUP("0::/a\n"),
        MOUNTS(MOUNT("/x", "/one", "- cgroup2 none rw") V2_MOUNT("/")
                       MOUNT("/y", "/two", "- cgroup2 none rw")),
        MAX("/a", FOUR), "one/cpu.max", ONE, "two/cpu.max", ONE)
MACHINE(of_two_mounts_that_show_us_the_tighter_counts, 8, 1, 1, "/all/a/cpu.max",
        GROUP("0::/a/b\n"), MOUNTS(MOUNT("/", "/all", "- cgroup2 none rw") V2_MOUNT("/a/b")),
        MAX("", TWO), "all/a/cpu.max", ONE, "all/a/b/cpu.max", TWO)
MACHINE(mountinfo_writes_blanks_as_octal_numbers, 8, 1, 1, "/my cgroups/c/cpu.max",
        GROUP("0::/a b\\/c\n"), MOUNTS(MOUNT("/a\\040b\\134", "/my\\040cgroups", "- cgroup2 n rw")),
        "my cgroups/cpu.max", TWO, "my cgroups/c/cpu.max", ONE)
MACHINE(other_backslashes_stay, 8, 1, 1, "/\\x\\0/cpu.max", GROUP("0::/\n"),
        MOUNTS(MOUNT("/", "/\\x\\0", "- cgroup2 none rw")), "\\x\\0/cpu.max", ONE)
MACHINE(two_digits_are_no_octal_number, 8, 1, 1, "/\\04/cpu.max", GROUP("0::/\n"),
        MOUNTS(MOUNT("/", "/\\04", "- cgroup2 none rw")), "\\04/cpu.max", ONE)
MACHINE(a_mount_may_have_no_source_and_many_tags, 8, 1, 1, V1_FILE(""), GROUP("4:cpu:/\n"),
        MOUNTS(MOUNT("/", "/sys/fs/cgroup/cpu", "shared:1 master:2 unbindable - cgroup  rw,cpu")),
        QUOTA("", "100000\n"), PERIOD("", "100000\n"))
MACHINE(bad_mounts_are_passed_over, 8, 2, 2, V2_FILE(""), GROUP("0::/\n"),
        MOUNTS(" - cgroup2 \n1 2 - cgroup2 x y\n1 2 3 / etc rw - cgroup2 x rw\n- - - - -\n\n"
               "1 2 3 / /etc rw cgroup2 cgroup2 rw\n1 2 3 / /etc rw - cgroup2x x rw\n"
               "1 2 3 / /etc rw - tmpfs cgroup2 rw\n1 2 3 / /etc rw -\n" V2_MOUNT("/")),
        MAX("", TWO), "etc/cpu.max", ONE, "cpu.max", ONE)
MACHINE(bad_groups_are_passed_over, 8, 2, 2, V2_FILE("/a"),
        GROUP("\n:\n::\n0:\n0::\n0::b\n::/b\n1::/b\n00::/b\n0:x:/b\nb\n0::/a\n4:cpu:b\n"),
        MOUNTS(V2_MOUNT("/")), MAX("/a", TWO), MAX("/b", ONE))
