/* SPDX-License-Identifier: MIT */
/* queue.pml: queue.c and park.c with workers that die at any step: slots that are claimed, finished, lost and used
 * again; stale ring entries; workers that park and are woken; a program that sleeps on an event.
 *
 * Checked: each task ends exactly once, tasks of one queue start in order, nobody sleeps while a task waits (a lost
 * wake-up shows as an invalid end state), and the program gets all its results.
 * MUTANT 1..7 break one place each; the checker must find 1, 2, 4 and 5 (check.sh), and 3 is park.pml's. 6, an entry counts
 * whatever its slot waits for, and 7, a death wakes only who is marked as parked, need three tasks and a death, which are too
 * many states for a complete search: they are for one by hand. */
#ifndef MUTANT
#define MUTANT 0
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef TASKS
#define TASKS 3
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#define RING (2 * SLOTS)
#ifndef QUEUES
#define QUEUES 1
#endif
/* With two queues every other task is urgent, the second first: it overtakes the first. */
#if QUEUES > 1
#define queue_of(task) ((task) % 2 == 1 -> 0 : 1)
#define nothing_waits (head[0] == tail[0] && head[1] == tail[1])
#define ordinary_wait (head[1] != tail[1])
#else
#define queue_of(task) 0
#define nothing_waits (head[0] == tail[0])
#define ordinary_wait false
#endif

#if WORKERS > 2
#define third(of) of[2]
#else
#define third(of) false
#endif

mtype = { slot_free, slot_ready, slot_running, slot_done, slot_lost };
mtype phase[SLOTS];
byte owner[SLOTS], task_in[SLOTS];
byte place_of[SLOTS]; /* the entry that counts: 16 * queue + its place */
byte busy[WORKERS]; /* slot + 1 that it is about to claim, or runs */
bit waited[SLOTS];
byte ring[QUEUES * RING], tail[QUEUES], head[QUEUES];
bit parked[WORKERS], mask[WORKERS], spinning[WORKERS], killed[WORKERS], dead[WORKERS], drain;
byte event, deaths;
byte ran[TASKS], ended_times[TASKS];

inline wake(w) { atomic { mask[w] = 0; parked[w] = 0 } }

/* Nobody needs waking while somebody is about to look once more. The masks are one word each: read, then swapped. */
inline wake_one() {
    if
    :: atomic { spinning[0] || spinning[1] || third(spinning) -> skip }
    :: else ->
        if
        :: atomic { mask[0] -> mask[0] = 0 } parked[0] = 0
        :: atomic { !mask[0] && mask[1] -> mask[1] = 0 } parked[1] = 0
#if WORKERS > 2
        :: atomic { !mask[0] && !mask[1] && mask[2] -> mask[2] = 0 } parked[2] = 0
#endif
        :: atomic { !mask[0] && !mask[1] && !third(mask) -> skip }
        fi
    fi
}

#define waits_there (phase[s] == slot_ready && (place_of[s] == 16 * q + h || MUTANT == 6))
/* Tasks of one queue start in order: slot i holds none that waits before the one in s. */
#define none_before(i) (phase[i] != slot_ready || task_in[i] > task_in[s] || queue_of(task_in[i]) != queue_of(task_in[s]))

proctype worker(byte me) {
    byte h, s;
    bit q;
    bit mine, woke, claimed; /* claimed: try the swap again */
born: skip;
    {
        skip;
look:
        q = 0;
search:
        h = head[q];
        if
        :: h == tail[q] ->
            atomic { busy[me] = 0; if :: q + 1 < QUEUES -> q = q + 1; goto search :: else -> q = 0 fi }
        :: else ->
            atomic {
                s = ring[q * RING + h % RING]; mine = waits_there; woke = waited[s];
                if :: MUTANT != 5 -> busy[me] = s + 1 :: else fi
            };
            do
            :: !mine -> break
            :: else ->
                atomic { /* the claim: one swap of phase and flag together */
                    mine = waits_there && waited[s] == woke;
                    if
                    :: mine -> phase[s] = slot_running; owner[s] = me; assert(none_before(0) && none_before(1))
                    :: else -> claimed = waits_there && MUTANT != 1; woke = waited[s]
                    fi
                };
                if
                :: mine || !claimed -> break
                :: else -> mine = 1; claimed = 0
                fi
            od;
            claimed = 0; woke = 0;
            atomic { if :: head[q] == h -> head[q] = h + 1 :: else fi };
            if
            :: !mine -> goto search
            :: mine && MUTANT == 5 -> busy[me] = s + 1
            :: else
            fi;
            if
            :: head[q] != tail[q] || (q == 0 && ordinary_wait) -> wake_one()
            :: else
            fi;
            q = 0;
            atomic { ran[task_in[s]]++; assert(ran[task_in[s]] == 1) };
            atomic {
                phase[s] = slot_done; ended_times[task_in[s]]++; assert(ended_times[task_in[s]] == 1);
                woke = waited[s]
            };
            busy[me] = 0;
            if
            :: woke -> event++ /* and the kernel wakes whoever sleeps on the old value */
            :: else
            fi;
            h = 0; s = 0; mine = 0; woke = 0;
            goto look
        fi;
        if
        :: drain -> goto left
        :: else
        fi;
        spinning[me] = 1;
        if
        :: !nothing_waits -> spinning[me] = 0; goto look
        :: true -> spinning[me] = 0
        fi;
        parked[me] = 1;
        mask[me] = 1;
        if
        :: nothing_waits && !drain || MUTANT == 2 -> !parked[me]
        :: else
        fi;
        mask[me] = 0;
        parked[me] = 0;
        h = 0;
        goto look
left:   goto gone
    } unless { atomic { killed[me] -> killed[me] = 0; dead[me] = 1; h = 0; q = 0; s = 0; mine = 0; woke = 0; claimed = 0 } };
    !dead[me]; /* its successor: the same number, nothing remembered */
    goto born;
gone: skip
}

active proctype killer() {
    do
    :: atomic { deaths < DEATHS && !drain && !dead[0] && !killed[0] -> killed[0] = 1; deaths++ }
    :: atomic { deaths < DEATHS && !drain && !dead[1] && !killed[1] -> killed[1] = 1; deaths++ }
#if WORKERS > 2
    :: atomic { deaths < DEATHS && !drain && !dead[2] && !killed[2] -> killed[2] = 1; deaths++ }
#endif
    :: atomic { deaths == DEATHS || drain -> break }
    od
}

active proctype server() {
    byte w, s;
end_idle:
    do
    :: atomic { dead[0] -> w = 0 } break
    :: atomic { dead[1] -> w = 1 } break
#if WORKERS > 2
    :: atomic { dead[2] -> w = 2 } break
#endif
    od;
    if
    :: busy[w] && phase[busy[w] - 1] == slot_running && owner[busy[w] - 1] == w ->
        s = busy[w] - 1;
        atomic { phase[s] = slot_lost; ended_times[task_in[s]]++; assert(ended_times[task_in[s]] == 1) }
    :: else
    fi;
    busy[w] = 0;
    spinning[w] = 0;
    wake(w);
    event++;
    dead[w] = 0;
    s = 0;
    do
    :: s < WORKERS && MUTANT != 3 -> if :: (MUTANT == 7 -> mask[s] : parked[s]) -> wake(s) :: else fi; s++
    :: else -> break
    od;
    w = 0; s = 0;
    goto end_idle
}

/* Submits TASKS tasks through SLOTS slots, and collects them in order. */
active proctype program() {
    byte next, collected, s, seen;
    atomic { s = 0; do :: s < SLOTS -> phase[s] = slot_free; s++ :: else -> break od; s = 0 };
    atomic { do :: s < WORKERS -> run worker(s); s++ :: else -> break od; s = 0 };
    do
    :: next < TASKS && phase[next % SLOTS] == slot_free ->
        s = next % SLOTS;
        atomic {
            task_in[s] = next; waited[s] = 0; phase[s] = slot_ready; place_of[s] = 16 * queue_of(next) + tail[queue_of(next)]
        };
        ring[queue_of(next) * RING + tail[queue_of(next)] % RING] = s;
        tail[queue_of(next)]++;
        wake_one();
        next++
    :: collected < next ->
        s = collected % SLOTS;
        if
        :: phase[s] == slot_done || phase[s] == slot_lost ->
            phase[s] = slot_free;
            collected++
        :: else ->
            seen = event;
            if :: MUTANT == 4 -> skip :: else -> waited[s] = 1 fi;
            if
            :: phase[s] == slot_done || phase[s] == slot_lost -> skip
            :: else -> event != seen /* futex_wait */
            fi;
            seen = 0
        fi
    :: collected == TASKS -> break
    od;
    drain = 1;
    s = 0;
    do
    :: s < WORKERS -> if :: mask[s] -> wake(s) :: else fi; s++
    :: else -> break
    od;
    atomic {
        s = 0;
        do :: s < TASKS -> assert(ended_times[s] == 1); s++ :: else -> break od
    }
}
