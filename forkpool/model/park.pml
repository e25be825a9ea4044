/* SPDX-License-Identifier: MIT */
/* park.pml: the wake-ups of queue.h and park.c with store buffers, that is, on any machine that keeps release and acquire:
 * what one cpu has stored the others see later, in order (the program's stores are releases), or after a fence. The
 * program submits TASKS tasks that all wait for each other, to as many workers: with one wake-up lost none ends, which
 * shows as an invalid end state. Each task is urgent or ordinary (URGENTS, or in every way), and joins that queue, which is
 * looked at in two steps, urgent tasks first. BATCH: all are put before one is woken, as forkpool_submit_many does.
 *
 * The program's buffer: tasks 0..issued-1 are written, 0..visible-1 are seen. A worker's: its bit in a mask
 * is written (set_late, clear_late) and not seen yet. FENCED: without membarrier the program fences at each submission.
 * MUTANT 1: the program does not look again after a fence where it saw a spinning worker. 2: whoever parks does not make
 * the program fence. 3: (FENCED) the program does not fence at a submission. 4: who leaves tasks behind wakes nobody.
 * 5: no fence between the end of spinning and the look that follows. 6: none between the bit of who parks and its look.
 * 7: who takes an urgent task does not look for ordinary ones that wait. 8: who parks looks at the ordinary queue alone. */
#ifndef MUTANT
#define MUTANT 0
#endif
#ifndef TASKS
#define TASKS 2
#endif
#define WORKERS TASKS
#define NOBODY 255

#define URGENT 0
#define ORDINARY 1
#ifdef URGENTS /* a bit for each task; else every way to divide them is tried */
#define MAY_BE_URGENT(task) (URGENTS >> task & 1)
#define MAY_BE_ORDINARY(task) !MAY_BE_URGENT(task)
#else
#define MAY_BE_URGENT(task) true
#define MAY_BE_ORDINARY(task) true
#endif

byte issued, visible, begun;
byte head[2], puts[2]; /* of each queue: tasks taken out, and to be put in */
byte entry[2 * TASKS]; /* entry[q * TASKS + place]: which task */
bit spinning[WORKERS], parked[WORKERS], asleep[WORKERS];
bit set_late[WORKERS], clear_late[WORKERS];

#define waits(q, place) (place < puts[q] && entry[q * TASKS + place] < visible)
inline program_fence() { visible = issued }
inline own_fence(w) {
    atomic {
        if :: set_late[w] -> parked[w] = 1; set_late[w] = 0 :: else fi;
        if :: clear_late[w] -> spinning[w] = 0; clear_late[w] = 0 :: else fi
    }
}

/* Stores leave the buffers at any time. */
active proctype buffers() {
    byte w;
end:
    do
    :: atomic { visible < issued -> visible++ }
    :: atomic { set_late[0] -> parked[0] = 1; set_late[0] = 0 }
    :: atomic { clear_late[0] -> spinning[0] = 0; clear_late[0] = 0 }
    :: atomic { set_late[1] -> parked[1] = 1; set_late[1] = 0 }
    :: atomic { clear_late[1] -> spinning[1] = 0; clear_late[1] = 0 }
#if TASKS > 2
    :: atomic { set_late[2] -> parked[2] = 1; set_late[2] = 0 }
    :: atomic { clear_late[2] -> spinning[2] = 0; clear_late[2] = 0 }
#endif
    od
}

/* The masks are one word each. */
#if TASKS > 2
#define some_spin (spinning[0] || spinning[1] || spinning[2])
#define sleeper(w) (parked[0] -> 0 : (parked[1] -> 1 : (parked[2] -> 2 : NOBODY)))
#else
#define some_spin (spinning[0] || spinning[1])
#define sleeper(w) (parked[0] -> 0 : (parked[1] -> 1 : NOBODY))
#endif

/* `mine`: what fences whoever calls. A swap is a release: it is not seen before what was stored before it. */
inline wake_one(found, is_program) {
    if
    :: some_spin ->
        if
        :: is_program && MUTANT != 1 -> program_fence()
        :: else
        fi;
        if :: MUTANT == 1 || some_spin -> goto woke :: else fi
    :: else
    fi;
    do
    :: atomic { found = sleeper(0); if :: found == NOBODY -> goto woke :: else fi };
        atomic {
            if :: is_program -> program_fence() :: else fi;
            if :: parked[found] -> parked[found] = 0 :: else -> found = NOBODY fi
        };
        if
        :: found != NOBODY -> asleep[found] = 0; goto woke
        :: else
        fi
    od;
woke: found = 0
}

/* As queue_empty: one queue, then the other. */
inline look_for_work(found) {
    atomic { found = 0; if :: MUTANT != 8 && waits(URGENT, head[URGENT]) -> found = 1 :: else fi };
    if :: !found && waits(ORDINARY, head[ORDINARY]) -> found = 1 :: else fi
}

proctype worker(byte me) {
    byte h, other;
    bit more, q;
look:
    atomic {
        more = 0; q = URGENT;
        h = head[URGENT];
        if :: waits(URGENT, h) -> goto claim :: else fi
    };
    atomic {
        q = ORDINARY;
        h = head[ORDINARY];
        if :: waits(ORDINARY, h) -> goto claim :: else -> q = 0; goto idle fi
    };
claim:
    more = waits(q, h + 1);
    atomic { if :: head[q] == h -> head[q] = h + 1; h = 0 :: else -> h = 0; goto look fi };
    if :: q == URGENT && !more && MUTANT != 7 -> more = waits(ORDINARY, head[ORDINARY]) :: else fi;
    q = 0;
    if :: more && MUTANT != 4 -> wake_one(other, false) :: else fi;
    begun++;
    begun == TASKS;
    goto gone;
idle:
    if /* at hand without a word to anybody, or told to all */
    :: waits(URGENT, head[URGENT]) || waits(ORDINARY, head[ORDINARY]) -> goto look
    :: spinning[me] = 1
    fi;
    if :: waits(URGENT, head[URGENT]) || waits(ORDINARY, head[ORDINARY]) -> more = 1 :: true -> skip fi;
    clear_late[me] = 1;
    if :: MUTANT != 5 -> own_fence(me) :: else fi;
    if :: more -> goto look :: else fi;
    asleep[me] = 1;
    set_late[me] = 1;
    if :: MUTANT != 6 -> own_fence(me) :: else fi;
#ifndef FENCED
    if :: MUTANT != 2 -> program_fence() :: else fi;
#endif
    look_for_work(more);
    if :: !more -> !asleep[me] :: else fi;
    atomic { set_late[me] = 0; parked[me] = 0 };
    asleep[me] = 0;
    goto look;
gone: skip
}

/* queue_put_all and park_wake_one: tasks were put. */
inline told() {
#ifdef FENCED
    if :: MUTANT != 3 -> program_fence() :: else fi;
#endif
    wake_one(found, true)
}

active proctype program() {
    byte found;
    byte task;
    atomic {
        do
        :: task < TASKS && MAY_BE_URGENT(task) -> entry[URGENT * TASKS + puts[URGENT]] = task; puts[URGENT]++; task++
        :: task < TASKS && MAY_BE_ORDINARY(task) -> entry[ORDINARY * TASKS + puts[ORDINARY]] = task; puts[ORDINARY]++; task++
        :: else -> break
        od;
        task = 0;
        do :: found < WORKERS -> run worker(found); found++ :: else -> break od;
        found = 0
    };
    do
    :: issued < TASKS ->
        issued++;
#ifdef BATCH
        if :: issued < TASKS -> skip :: else -> break fi
#else
        told()
#endif
    :: else -> break
    od;
#ifdef BATCH
    told()
#endif
}
