#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  where a machine has its loopback alone (a container without a network), a Slurm on 127.0.0.1 works.
# Truth:  every Slurm command ends with "Unable to resolve 127.0.0.1". Slurm asks getaddrinfo with AI_ADDRCONFIG, and
#         that leaves out IPv4 altogether where no address but 127.0.0.1 is configured (getaddrinfo(3)), numeric
#         addresses included. A second address of the loopback is enough.
# Seen:   Slurm 22.05.8 (Debian 12's slurm-wlm), glibc 2.36, 2026-11-28.
# Do:     ip addr add 127.0.0.2/8 dev lo
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here.
set -u
for program in sinfo unshare ip; do
    command -v $program >/dev/null || { echo "needs $program"; exit 77; }
done
unshare --net true 2>/dev/null || { echo "needs leave to make a network namespace"; exit 77; }
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
cat >"$work/slurm.conf" <<CONF
ClusterName=none
SlurmctldHost=none(127.0.0.1)
SlurmctldPort=16999
MessageTimeout=2
SlurmctldTimeout=10
NodeName=n1 NodeAddr=127.0.0.1
PartitionName=all Nodes=n1 Default=YES
CONF
export SLURM_CONF="$work/slurm.conf"
sinfo -V
ask() { # COMMAND: sinfo in a network namespace of its own, after the command
    unshare --net sh -c "ip link set lo up; $1; timeout 60 sinfo" 2>&1
}
ask true >"$work/alone"
ask "ip addr add 127.0.0.2/8 dev lo" >"$work/second"
echo "one address: $(grep -m 1 -i resolve "$work/alone" || tail -n 1 "$work/alone")"
echo "a second one: $(tail -n 1 "$work/second")"
grep -qi 'unable to resolve' "$work/alone" && ! grep -qi 'unable to resolve' "$work/second"
