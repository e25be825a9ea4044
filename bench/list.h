/* Every verb, one line each: VERB(x) is `const struct verb verb_x` in bench/x.c, in the order of `breakeven help`. */
VERB(list)
VERB(compare)
VERB(version)
VERB(help)
VERB(manual)
VERB(completion)
