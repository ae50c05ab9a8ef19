// The same calls as ranks.go makes, by MPI. Prints lines: call bytes fastest median (microseconds).
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void report(const char *call, int bytes, double *times, int n) {
	qsort(times, n, sizeof *times, ascending);
	printf("%s %d %.3f %.3f\n", call, bytes, times[0], times[n / 2]);
	fflush(stdout);
}

static void once(const char *call, int bytes, char *buffer, char *result, int rank) {
	int count = bytes / 4;
	if (!strcmp(call, "Barrier")) {
		MPI_Barrier(MPI_COMM_WORLD);
	} else if (!strcmp(call, "Allreduce")) {
		MPI_Allreduce(buffer, result, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
	} else if (rank == 0) {
		MPI_Send(buffer, count, MPI_FLOAT, 1, 0, MPI_COMM_WORLD);
		MPI_Recv(result, count, MPI_FLOAT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	} else if (rank == 1) {
		MPI_Recv(result, count, MPI_FLOAT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		MPI_Send(result, count, MPI_FLOAT, 0, 0, MPI_COMM_WORLD);
	}
}

// Arguments: call bytes repeats, as often as there are measurements.
int main(int argc, char **argv) {
	MPI_Init(&argc, &argv);
	int rank;
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	for (int i = 1; i + 2 < argc; i += 3) {
		const char *call = argv[i];
		int bytes = atoi(argv[i + 1]), n = atoi(argv[i + 2]);
		char *buffer = calloc(bytes + 4, 1), *result = calloc(bytes + 4, 1);
		double *times = calloc(n, sizeof *times);
		if (!buffer || !result || !times)
			MPI_Abort(MPI_COMM_WORLD, 1);
		for (int k = -2; k < n; k++) {
			MPI_Barrier(MPI_COMM_WORLD);
			double start = MPI_Wtime();
			once(call, bytes, buffer, result, rank);
			double us = (MPI_Wtime() - start) * 1e6 + 1e-3; // the clock may stand still
			if (k >= 0)
				times[k] = strcmp(call, "Send") ? us : us / 2;
		}
		if (rank == 0)
			report(call, bytes, times, n);
		free(buffer);
		free(result);
		free(times);
	}
	MPI_Finalize();
	return 0;
}
