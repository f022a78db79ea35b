#!/usr/bin/env bash
# Tcllib 1.21, its math::statistics 1.5.0: Tukey's and Dunnett's tests, which tell which of several systems
# differ, give at a level of .01 what they give at .05: the table of .05 is read for either, so that
# of equal systems Dunnett's finds a "difference at 1 %" in four cases of a hundred. Tukey's reads the
# column of one group more than there are, and finds half of what it should at .05. The interval of
# 95 % for a mean is that of 97.5 %, too wide by a quarter for ten numbers; the one for the
# deviation, which the manual has beside it, is empty. And Student's t has the same cumulative
# probability at -2.2 as at 2.2, .975, and never less than a half.
#
# Needs Tcl 8.6 (apt-get install tcl).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download tcllib=1.21+dfsg-1 >/dev/null 2>&1
dpkg -x tcllib*.deb .
cat >tests.tcl <<'TCL'
lappend auto_path usr/share/tcltk
puts "math::statistics [package require math::statistics]"
namespace path ::math::statistics
expr {srand(1)}

# Comparisons of groups of twelve that differ in nothing: how many of 1000 times any is told to differ.
foreach {name call} {Tukey {test-Tukey-range} Dunnett {test-Dunnett}} {
    foreach alpha {.05 .01} {
        expr {srand(1)}
        set found 0
        for {set i 0} {$i < 1000} {incr i} {
            set result [$call $alpha [random-normal 0 1 12] [random-normal 0 1 12] [random-normal 0 1 12]]
            # Tukey's lists have the numbers of two groups in front.
            incr found [expr {1 in [lmap r $result {lindex $r end-2}]}]
        }
        puts "$name's test of three equal groups at $alpha: $found of 1000 have a difference"
    }
}

set held 0
for {set i 0} {$i < 4000} {incr i} {
    lassign [interval-mean-stdev [random-normal 0 1 10] .95] low high
    incr held [expr {$low <= 0 && 0 <= $high}]
}
set numbers {1 2 3 4 5 6 7 8 9 10}
lassign [interval-mean-stdev $numbers .95] low high slow shigh
puts "95 % intervals of the mean of ten: [expr {100. * $held / 4000}] % hold it"
puts [format "of 1 to 10: %.3f to %.3f, should be 3.334 to 7.666; of the deviation '%s' to '%s'" $low $high $slow $shigh]

foreach t {-2.228 -1 0 1 2.228} right {.025 .170 .5 .830 .975} {
    puts [format "Student's t, 10 degrees, below %6.3f: %.3f, should be %.3f" $t [cdf-students-t 10 $t] $right]
}
TCL
out=$(tclsh tests.tcl)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
math::statistics 1.5.0
Tukey's test of three equal groups at .05: 22 of 1000 have a difference
Tukey's test of three equal groups at .01: 22 of 1000 have a difference
Dunnett's test of three equal groups at .05: 39 of 1000 have a difference
Dunnett's test of three equal groups at .01: 39 of 1000 have a difference
95 % intervals of the mean of ten: 97.25 % hold it
of 1 to 10: 2.929 to 8.071, should be 3.334 to 7.666; of the deviation '' to ''
Student's t, 10 degrees, below -2.228: 0.975, should be 0.025
Student's t, 10 degrees, below -1.000: 0.830, should be 0.170
Student's t, 10 degrees, below  0.000: 0.500, should be 0.500
Student's t, 10 degrees, below  1.000: 0.830, should be 0.830
Student's t, 10 degrees, below  2.228: 0.975, should be 0.975
EXPECTED
