// Reads samples from standard input, NETWORK_INPUTS numbers each with commas or spaces between them (nan where one is
// missing), and prints a line of NETWORK_OUTPUTS numbers for each:
//
//     cc -O2 -o example network.c example.c -lm
//     ./example < samples.csv
#include "network.h"

#include <stdio.h>

static network_input input[NETWORK_INPUTS];
static network_output output[NETWORK_OUTPUTS];

int main(void)
{
    double number;
    int count = 0;
    while (scanf("%lf", &number) == 1) {
        int separator = getchar();
        if (separator != ',' && separator != EOF)
            ungetc(separator, stdin);
        input[count++] = (network_input)number;
        if (count < NETWORK_INPUTS)
            continue;
        count = 0;
        network_predict(input, output);
        for (int i = 0; i < NETWORK_OUTPUTS; i++)
            printf("%s%.17g", i ? "," : "", (double)output[i]);
        putchar('\n');
    }
    if (count) {
        fprintf(stderr, "the last sample has %d numbers, and %d are read\n", count, NETWORK_INPUTS);
        return 1;
    }
    return 0;
}
