#include <stdio.h>

int main(void)
{
    puts("breakeven " BREAKEVEN_VERSION);
    return 0;
}
