/* SPDX-License-Identifier: MIT */
/* range.pml: range.c with workers that die at any step. Each atomic block is one access to shared memory.
 *
 * Checked: no unit runs twice, each ends exactly once (by its worker, or as lost by the server), and the map always
 * comes to its end, whoever dies when. With DROP the program cancels the map meanwhile: range_drop takes what nobody has
 * claimed, and each unit ends or is dropped. MUTANT 2, 3 and 5 break the protocol in one place each; the checker must find
 * them.
 * MUTANT 1 and 4 break what only three workers need; those searches are too large to finish as a check. */
#ifndef MUTANT
#define MUTANT 0
#endif
#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef UNITS
#define UNITS 4
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#define NONE 15

typedef line {
    byte begin, end, tag;   /* the word: tag is thief + 1 */
    bit parity;
    byte ended;
    byte offset[2];         /* modulo 16 */
    bit intending;          /* the intent */
    byte i_victim, i_mid, i_end;
    bit i_parity;
    byte ack;               /* unit + 1 */
}
line lines[WORKERS];
byte ran[UNITS], ended_times[UNITS];
byte dropped; /* added once all lines were gone through, as map.c does */
bit killed[WORKERS], dead[WORKERS];
bit map_ended;
byte version, deaths;

inline unit_runs(u) { atomic { ran[u]++; assert(ran[u] == 1) } }

/* range_finish: the store to `ended` is what ends the unit */
inline finish(w, u) { atomic { lines[w].ended++; ended_times[u]++; assert(ended_times[u] == 1) } }

/* for whom it may matter: acknowledge, then replace. word_*: the word seen in line `owner` */
inline acknowledge(owner, word_tag, word_end) {
    do
    :: word_tag == 0 || MUTANT == 1 -> break
    :: else -> skip;
        atomic { ack0 = lines[word_tag - 1].ack };
        atomic {
            matches = lines[word_tag - 1].intending && lines[word_tag - 1].i_victim == owner &&
                      lines[word_tag - 1].i_mid == word_end && ack0 != word_end + 1
        };
        if
        :: !matches -> break
        :: else ->
            atomic {
                matches = (lines[word_tag - 1].ack == ack0);
                if :: matches -> lines[word_tag - 1].ack = word_end + 1 :: else fi
            };
            if :: matches -> break :: else fi
        fi
    od;
    skip
}

inline install(w, from, low, high) {
    atomic { tag0 = lines[w].tag; end0 = lines[w].end };
    acknowledge(w, tag0, end0);
    atomic { lines[w].offset[1 - lines[w].parity] = (from + 16 - lines[w].ended) % 16 };
    atomic { lines[w].begin = low; lines[w].end = high; lines[w].tag = 0; lines[w].parity = 1 - lines[w].parity }
}

inline check_ended() {
    atomic {
        sum = dropped; i = 0;
        do :: i < WORKERS -> sum = sum + lines[i].ended; i++ :: else -> break od;
        if :: sum == UNITS -> map_ended = 1 :: else fi;
        sum = 0; i = 0
    }
}

proctype worker(byte me) {
    byte b, e, t, mid, victim, ack0, tag0, end0, seen, sum, i;
    bit matches, swapped, busy;
born: skip;
    {
        skip;
visit:  seen = version;
own:    skip;
        atomic { b = lines[me].begin; e = lines[me].end };
        if
        :: b < e ->
            atomic { /* the claim keeps whatever tag a thief has left */
                swapped = (lines[me].begin == b && lines[me].end == e);
                if :: swapped -> lines[me].begin = b + 1 :: else fi
            };
            if
            :: swapped -> unit_runs(b); finish(me, b)
            :: else
            fi;
            goto own
        :: else
        fi;
        busy = 0; victim = 0;
        do
        :: victim == me -> victim++
        :: victim >= WORKERS -> break
        :: victim < WORKERS && victim != me ->
            atomic { b = lines[victim].begin; e = lines[victim].end; t = lines[victim].tag };
            if
            :: b == e ->
                busy = busy || lines[victim].intending;
                victim++
            :: else ->
                mid = b + (e - b) / 2;
                acknowledge(victim, t, e);
                if
                :: MUTANT == 2 -> skip /* no announcement */
                :: else ->
                    atomic {
                        lines[me].intending = 1; lines[me].i_victim = victim; lines[me].i_mid = mid;
                        lines[me].i_end = e; lines[me].i_parity = lines[me].parity
                    }
                fi;
                atomic {
                    swapped = (lines[victim].begin == b && lines[victim].end == e && lines[victim].tag == t);
                    if :: swapped -> lines[victim].end = mid; lines[victim].tag = me + 1 :: else fi
                };
                if
                :: swapped ->
                    if
                    :: MUTANT == 3 -> install(me, mid, mid, e) /* first unit not claimed with the steal */
                    :: else -> install(me, mid, mid + 1, e)
                    fi
                :: else
                fi;
                atomic { lines[me].intending = 0; lines[me].i_victim = 0; lines[me].i_mid = 0; lines[me].i_end = 0; lines[me].i_parity = 0 };
                if
                :: swapped && MUTANT != 3 -> unit_runs(mid); finish(me, mid); goto own
                :: swapped && MUTANT == 3 -> goto own
                :: else /* look at the same victim again */
                fi
            fi
        od;
        b = 0; e = 0; t = 0; mid = 0; victim = 0; ack0 = 0; tag0 = 0; end0 = 0; matches = 0; swapped = 0;
        if :: busy -> busy = 0; goto visit :: else fi;
        check_ended();
        if
        :: map_ended
        :: version != seen -> goto visit
        fi;
        goto gone
    } unless {
        atomic {
            killed[me] -> killed[me] = 0; dead[me] = 1;
            b = 0; e = 0; t = 0; mid = 0; victim = 0; ack0 = 0; tag0 = 0; end0 = 0; seen = 0; sum = 0; i = 0;
            matches = 0; swapped = 0; busy = 0
        }
    };
    !dead[me]; /* its successor: the same number, nothing remembered */
    goto born;
gone: skip
}

/* Kills whom it likes, when it likes, at most DEATHS times. */
#ifdef AIM /* only in the middle of a steal: what the mutants of the recovery are about */
#define may_kill(w) (lines[w].intending)
#else
#define may_kill(w) true
#endif
active proctype killer() {
    do
    :: atomic { deaths < DEATHS && !map_ended && !dead[0] && !killed[0] && may_kill(0) -> killed[0] = 1; deaths++ }
    :: atomic { deaths < DEATHS && !map_ended && !dead[1] && !killed[1] && may_kill(1) -> killed[1] = 1; deaths++ }
#if WORKERS > 2
    :: atomic { deaths < DEATHS && !map_ended && !dead[2] && !killed[2] && may_kill(2) -> killed[2] = 1; deaths++ }
#endif
    :: atomic { deaths == DEATHS || map_ended -> break }
    od
}

#ifdef DROP
active proctype dropper() {
    byte owner, b, e, t, ack0, count, sum, i;
    bit matches, swapped;
    do
    :: owner < WORKERS ->
        atomic { b = lines[owner].begin; e = lines[owner].end; t = lines[owner].tag };
        if
        :: b == e -> owner++
        :: else ->
            if :: MUTANT == 5 :: else -> acknowledge(owner, t, e) fi;
            atomic {
                swapped = (lines[owner].begin == b && lines[owner].end == e && lines[owner].tag == t);
                if
                :: swapped ->
                    lines[owner].end = b; lines[owner].tag = 0; count = count + e - b;
                    do :: b < e -> ended_times[b]++; assert(ended_times[b] == 1); b++ :: else -> break od;
                    owner++
                :: else
                fi
            }
        fi
    :: else -> break
    od;
    atomic { dropped = count };
    check_ended()
}
#endif

active proctype server() {
    byte w, b, d, sum, i, ack0, tag0, end0;
    bit matches, swapped;
end_idle:
    do
    :: atomic { dead[0] -> w = 0 } goto recover
    :: atomic { dead[1] -> w = 1 } goto recover
#if WORKERS > 2
    :: atomic { dead[2] -> w = 2 } goto recover
#endif
    od;
recover:
    if
    :: lines[w].intending && lines[w].parity == lines[w].i_parity ->
        atomic { swapped = lines[lines[w].i_victim].tag == w + 1 && lines[lines[w].i_victim].end == lines[w].i_mid };
        atomic { swapped = swapped || (lines[w].ack == lines[w].i_mid + 1 && MUTANT != 4) };
        if
        :: swapped -> install(w, lines[w].i_mid, lines[w].i_mid, lines[w].i_end)
        :: else
        fi
    :: else ->
        atomic { d = (lines[w].ended + lines[w].offset[lines[w].parity]) % 16; b = lines[w].begin };
        do
        :: d < b -> finish(w, d); d++
        :: else -> break
        od
    fi;
    atomic { lines[w].intending = 0; lines[w].i_victim = 0; lines[w].i_mid = 0; lines[w].i_end = 0; lines[w].i_parity = 0 };
    check_ended();
    atomic { version++; dead[w] = 0; w = 0; b = 0; d = 0; ack0 = 0; tag0 = 0; end0 = 0; matches = 0; swapped = 0 };
    goto end_idle
}

init {
    byte w, u;
    atomic {
        w = 0;
        do
        :: w < WORKERS ->
#ifdef SKEWED /* all units are worker 0's: the others begin as thieves */
            lines[w].begin = (w == 0 -> 0 : UNITS);
            lines[w].end = UNITS;
#else
            lines[w].begin = UNITS * w / WORKERS;
            lines[w].end = UNITS * (w + 1) / WORKERS;
#endif
            lines[w].offset[0] = lines[w].begin;
            w++
        :: else -> break
        od;
        w = 0
    };
    atomic {
        do
        :: w < WORKERS -> run worker(w); w++
        :: else -> break
        od;
        w = 0
    };
    map_ended -> skip; /* never reached: an invalid end state */
    atomic {
        u = 0;
        do
        :: u < UNITS -> assert(ended_times[u] == 1); u++
        :: else -> break
        od
    }
}
