#!/usr/bin/env bash
# A sweep on a real Slurm: brings slurmctld, slurmd and munged up on this machine
# in a temporary directory (nothing under /etc is read or written), submits an array
# of 12 runs with two at a time, requeues one in the middle, kills another with
# SIGKILL, submits the array again, and stops the engine. In the end all runs have
# to be complete, with the weights and the table of a local `sweep run --all`.
# With --calm no run is requeued or killed, and runs are eight times as long, so that
# the two times can be compared.
# It installs Debian's packages if they are missing and it may. Takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
calm=
[ "${1:-}" != --calm ] || calm=yes

need() { command -v slurmctld slurmd sbatch munged >/dev/null; }
if ! need; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge >/dev/null
	fi
	need || { echo "test-slurm: slurmctld, slurmd and munged are missing; on Debian: apt-get install slurm-wlm munge"; exit 1; }
fi

top=$(mktemp -d)
chmod 755 "$top"
mkdir "$top/state" "$top/spool" "$top/work" "$top/bin" "$top/munge"
chmod 700 "$top/munge"
export SLURM_CONF=$top/slurm.conf
pids=()
stop() {
	scancel --user "$(id -un)" 2>/dev/null || true
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	for p in "${pids[@]}"; do wait "$p" 2>/dev/null || true; done
	rm -rf "$top"
}
trap stop EXIT

host=$(hostname -s)
dd if=/dev/urandom of="$top/munge/key" bs=1024 count=1 status=none
chmod 400 "$top/munge/key"
cat >"$SLURM_CONF" <<EOF
ClusterName=textgan
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$top/munge/socket
CredType=cred/munge
StateSaveLocation=$top/state
SlurmdSpoolDir=$top/spool
SlurmctldPidFile=$top/slurmctld.pid
SlurmdPidFile=$top/slurmd.pid
SlurmctldLogFile=$top/slurmctld.log
SlurmdLogFile=$top/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,bf_interval=1
MpiDefault=none
ReturnToService=2
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
EOF

munged --foreground --force --key-file="$top/munge/key" --socket="$top/munge/socket" --pid-file="$top/munge/pid" \
	--log-file="$top/munge/log" --seed-file="$top/munge/seed" >/dev/null 2>&1 &
pids+=($!)
for _ in $(seq 50); do [ -S "$top/munge/socket" ] && break; sleep .1; done
slurmctld -D >/dev/null 2>&1 &
pids+=($!)
slurmd -D -N "$host" >/dev/null 2>&1 &
pids+=($!)
for _ in $(seq 150); do sinfo -h -t idle 2>/dev/null | grep -q . && break; sleep .2; done
sinfo -h -t idle | grep -q . || { echo "test-slurm: Slurm does not come up"; tail -n 20 "$top"/slurm*.log; exit 1; }
sinfo --version

go build -o "$top/bin/textgan" ./cmd/textgan
export PATH=$top/bin:$PATH
script=$PWD/docs/cluster/sweep.sbatch
cd "$top/work"
cat >sweep.toml <<'EOF'
[base]
corpus-lines = 3000
emb = 16
hidden = 32
d-emb = 16
d-filters = 16
batch = 32
mle-steps = 400
adv-steps = 300
d-pretrain = 10
save-every = 50
eval-every = 100
eval-samples = 100
patience = 0

[axes]
estimator = ["gumbel-softmax", "st-gumbel", "rloo"]
seed = [1, 2, 3, 4]
EOF
[ -z "$calm" ] || sed -i 's/^mle-steps = .*/mle-steps = 3200/; s/^adv-steps = .*/adv-steps = 2400/; s/^save-every = .*/save-every = 400/; s/^eval-every = .*/eval-every = 800/' sweep.toml
n=$(textgan sweep plan sweep.toml | wc -l)
[ "$n" = 12 ]

submit() { sbatch --parsable --array=0-$((n - 1))%2 --cpus-per-task=1 --mem=100 "$script" sweep.toml; }
running() { squeue -h -r -t R -o %K | sort -n; }
# begun INDEX: the run has a checkpoint, and is not yet complete
begun() { ls sweep/"$1"-*/checkpoints/last >/dev/null 2>&1; }
pid() { sed 's/pid \([0-9]*\) .*/\1/' sweep/"$1"-*/.lock; }
now() { date +%s.%N; }

t0=$(now)
job=$(submit)
echo "job $job: $n runs, two at a time"
requeued= killed=
while squeue -h -r -o %K | grep -q .; do
	for i in $(running); do
		[ -z "$calm" ] || break
		begun "$i" || continue
		if [ -z "$requeued" ]; then
			scontrol requeue "${job}_$i"
			requeued=$i
			echo "run $i: requeued"
		elif [ -z "$killed" ] && [ "$i" != "$requeued" ]; then
			kill -KILL "$(pid "$i")"
			killed=$i
			echo "run $i: killed"
		fi
	done
	# Slurm holds what is requeued back for two minutes; there is no need to wait here.
	[ -z "$requeued" ] || scontrol update "jobid=${job}_$requeued" starttime=now 2>/dev/null || true
	sleep .3
done
t1=$(now)
[ -n "$calm" ] || { [ -n "$requeued" ] && [ -n "$killed" ]; } || { echo "test-slurm: no run was requeued or killed in its middle"; exit 1; }
textgan sweep table sweep.toml >/dev/null
# resumed FILE: the log begins a run behind its beginning
resumed() { grep -qE '^run +sweep/.*, step [1-9]' "$1"; }
[ -n "$calm" ] || resumed "slurm-${job}_$requeued.log" || { echo "test-slurm: run $requeued did not go on where it was"; exit 1; }

job=$(submit)
echo "job $job: the same again"
while squeue -h -r -o %K | grep -q .; do sleep .3; done
textgan sweep table sweep.toml >slurm.txt 2>slurm.state
[ -n "$calm" ] || resumed "slurm-${job}_$killed.log" || { echo "test-slurm: run $killed did not go on where it was"; exit 1; }
cat slurm.state
grep -qx "runs: 12 done" slurm.state

t2=$(now)
textgan sweep run sweep.toml --dir here --all --jobs 2 --threads 1
t3=$(now)
textgan sweep table sweep.toml --dir here >here.txt 2>/dev/null
cmp slurm.txt here.txt
for w in here/*/checkpoints/step-*/weights.safetensors; do cmp "$w" "sweep/${w#here/}"; done
cat here.txt
awk -v a="$t0" -v b="$t1" -v c="$t2" -v d="$t3" -v calm="$calm" 'BEGIN { printf "12 of 12 runs complete, weights and table equal; %.1f s on Slurm%s, %.1f s here\n", b-a, calm ? "" : " with a run requeued and one killed", d-c }'
