#!/usr/bin/env bash
# ruby-statistics 2.1.1: its chi-squared test of two classes has a p-value of minus infinity, whatever was
# counted, and rejects: 52 heads of 100, 501 of 1000. So it does for any number of classes where
# the statistic is below 1, which is where counts fit best; a perfect fit is NaN, neither kept nor
# rejected. (estebanz01/ruby-statistics#113 tells of the first, and was closed in 2025.) The analysis of
# variance of two groups does not look at their means: it has the ratio of their variances, by
# degrees of freedom that are not theirs: two systems a hundred apart, each with a deviation of 1.6,
# are the same. The t test of one sample has a degree of freedom too many, and rejects 9 % of triples
# at 5 %; Kolmogorov-Smirnov's has the bound of one side, and rejects twice what it is told to.
#
# Needs Ruby (apt-get install ruby).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download ruby-statistics=2.1.1-2 >/dev/null 2>&1
dpkg -x ruby-statistics*.deb .
cat >tests.rb <<'RUBY'
require "statistics"
include Statistics
puts "ruby-statistics #{Dir["usr/share/rubygems-integration/all/gems/ruby-statistics-*"][0][/[\d.]+$/]}"

# The tail of chi-squared with 1 and with 3 degrees of freedom.
tail = lambda { |x, df| Math.erfc(Math.sqrt(x / 2)) + (df == 3 ? Math.sqrt(2 * x / Math::PI) * Math.exp(-x / 2) : 0) }
[[52, 48], [501, 499], [90, 10], [50, 50], [52, 48, 50, 50], [60, 40, 50, 50]].each do |counts|
  even = counts.sum / counts.size.to_f
  x = counts.sum { |n| (n - even)**2 / even }
  r = StatisticalTest::ChiSquaredTest.goodness_of_fit(0.05, even, counts)
  puts "#{counts.join(" ")}: chi-squared #{x.round(3)}, p = #{r[:p_value].to_f.round(3)}, kept #{r[:null]}, rejected #{r[:alternative]}; should be p = #{tail[x, counts.size - 1].round(3)}"
end

a, b = [1.0, 2, 3, 4, 5], [101.0, 102, 103, 104, 105]
puts "1..5 and 101..105: analysis of variance p = #{StatisticalTest::FTest.one_way_anova(0.05, a, b)[:p_value].round(3)}, t test p = #{"%.0e" % StatisticalTest::TTest.perform(0.05, :two_tail, a, b)[:p_value]}"

# What is rejected at 5 % where nothing differs, and where all does.
$rng = Random.new(1)
def normal(n, mean = 0) = Array.new(n) { mean + Math.sqrt(-2 * Math.log(1 - $rng.rand)) * Math.cos(2 * Math::PI * $rng.rand) }
def rejected(times) = times.times.count { yield[:alternative] }
puts "two groups of 20, means 0 and 0, analysis of variance: #{rejected(1000) { StatisticalTest::FTest.one_way_anova(0.05, normal(20), normal(20)) }} of 1000 rejected"
puts "two groups of 20, means 0 and 3, analysis of variance: #{rejected(1000) { StatisticalTest::FTest.one_way_anova(0.05, normal(20), normal(20, 3)) }} of 1000 rejected"
puts "two groups of 20, means 0 and 3, t test: #{rejected(1000) { StatisticalTest::TTest.perform(0.05, :two_tail, normal(20), normal(20, 3)) }} of 1000 rejected"
puts "three numbers of mean 0, t test: #{rejected(4000) { StatisticalTest::TTest.perform(0.05, :two_tail, 0, normal(3)) } / 4} of 1000 rejected"
puts "two groups of 300, Kolmogorov-Smirnov: #{rejected(500) { StatisticalTest::KSTest.two_samples(group_one: normal(300), group_two: normal(300)) }} of 500 rejected"
RUBY
out=$(ruby -I usr/share/rubygems-integration/all/gems/ruby-statistics-*/lib tests.rb)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
ruby-statistics 2.1.1
52 48: chi-squared 0.16, p = -Infinity, kept false, rejected true; should be p = 0.689
501 499: chi-squared 0.004, p = -Infinity, kept false, rejected true; should be p = 0.95
90 10: chi-squared 64.0, p = -Infinity, kept false, rejected true; should be p = 0.0
50 50: chi-squared 0.0, p = NaN, kept false, rejected false; should be p = 1.0
52 48 50 50: chi-squared 0.16, p = -Infinity, kept false, rejected true; should be p = 0.984
60 40 50 50: chi-squared 4.0, p = 0.261, kept true, rejected false; should be p = 0.261
1..5 and 101..105: analysis of variance p = 0.347, t test p = 1e-13
two groups of 20, means 0 and 0, analysis of variance: 3 of 1000 rejected
two groups of 20, means 0 and 3, analysis of variance: 5 of 1000 rejected
two groups of 20, means 0 and 3, t test: 1000 of 1000 rejected
three numbers of mean 0, t test: 87 of 1000 rejected
two groups of 300, Kolmogorov-Smirnov: 49 of 500 rejected
EXPECTED
