/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the groups of figures share. Costs are in microseconds unless a figure says otherwise.
 * Whatever goes wrong ends the program: bench.sh clears away.
 */

#pragma once

#include "base/base.h"

/* --- figures: bench.c --- */

enum figure {
	WARM_READLINK,
	WARM_LS_FEW,
	WARM_LS_MANY,
	WARM_MISSING,
	COLD_READLINK,
	ATTACH_UDEV,
	ATTACH_KERNEL,
	ATTACH_4000,
	ATTACH_10000,
	STORM_UDEV,
	STORM_KERNEL,
	STORM_PUBLISH,
	CREATE_ONE,
	CREATE_CROWD,
	CREATE_BULK,
	CAT_AGAIN,
	CAT_CHANGED,
	CHANGE_OPEN,
	QUERY_LINK,
	QUERY_ID,
	QUERY_DEVICE,
	START,
	CPU_UDEV,
	CPU_KERNEL,
	CPU_LABELS,
	CPU_UNRELATED,
	RETRIGGER_UDEV,
	RETRIGGER_KERNEL,
	RETRIGGER_WRITES,
	JSON_ALL,
	BY_ID,
	LIST_TABLE,
	LIST_JSON,
	MEMORY_LINK,
	MEMORY_VOLUME,
	WAKE_UP,
	IDLE,
	MASS_CREATE_LOOK,
	MASS_CREATE_CREATE,
	MASS_GO_LOOK,
	MASS_GO_CREATE,
	MASS_COME_LOOK,
	MASS_COME_CREATE,
	MASS_DELETE_LOOK,
	MASS_DELETE_CREATE,
	MASS_DELETE,
	FIGURES
};

#define SAMPLES_MAX 128

/* Costs of mmfs and of its peer, in pairs: one next to the other in time. */
struct samples {
	double own[SAMPLES_MAX], peer[SAMPLES_MAX];
	size_t count;
};

double now(void);
double get_median(const double *values, size_t count);
void samples_add(struct samples *samples, double own, double peer);
/* Prints the figure as a line of JSON. */
void figure_show(enum figure figure, const struct samples *samples);
/* One that has no peer. */
void figure_show_value(enum figure figure, double value);
/* `runs` times own, peer; both give what it cost. */
void figure_measure(enum figure figure, int runs, double (*own)(void), double (*peer)(void));
/* A point of the chart: what `series` costs with `count` of what is on the axis. */
void growth_show(const char *axis, const char *series, int count, double cost);

void measure_reading(void);
void measure_creating(void);
void measure_plugging(void);
void measure_publishing(void);
void measure_whole(void);
void measure_mass(void);
void measure_growth(void);

/* --- what several groups measure --- */

double list_folder(int parent, int at_least);
double read_file(const char *folder, const char *name);
/* Changes something, then reads a view of the whole. */
double read_changed(const char *name);
/* The kernel forgets all it knows of the tree. */
void forget_tree(void);
double read_links(int dir, char *const *names, int count);
void ask_once(int fd, const char *line, bool is_empty);
/* A query, many times. */
double ask(int fd, const char *line, bool is_empty);
/* A durable create, several times. */
double create_some(void);
/* One more device is attached: until its name shows. Takes it away again. */
double attach_more(int i);

/* --- the stage: stage.c --- */

struct stage {
	const char *mmfs;	/* the binary */
	const char *mount;	/* of the tree */
	const char *disk, *ram; /* folders on a disk, and on tmpfs */
	const char *devices;	/* globs of our loop devices */
	const char *log;	/* daemon's messages */
	int first;		/* number of the first loop device */
	int volumes, links;	/* how many there are at most */
	int runs;		/* of each figure */
	pid_t daemon;
	pid_t server; /* its process that serves; 0: there is none */
};

extern struct stage stage;

_Noreturn void die(const char *format, ...) _printf_(1, 2);
void stage_init(void);

/* Starts the daemon over a database in `disk` with these -o options; it shows all there is then. */
void daemon_start(const char *database, const char *options);
void daemon_stop(void);
/* This process, and the daemon if it runs: on one CPU, or (false) on all. */
void pin(bool is_pinned);
/* CPU time of a process and all below it, of children that have ended too. In steps of 10 ms. */
double get_cpu(pid_t root);
pid_t find_udevd(void);

/* Runs a program with its output thrown away, and waits for its end. */
double run_tool(const char *program, ...) __attribute__((sentinel));
int open_in(const char *folder, const char *name, int flags);
/* Writes all of it to a control file. */
void request(const char *operation, const char *format, ...) _printf_(2, 3);
void write_all(int fd, const char *data, size_t size, const char *what);
uint64_t get_metric(const char *name);
void settle(void);
void settle_udevd(void);
void sleep_for(double microseconds);

/* A link of the tree by its number. Of three or more volumes the first two have none of them. */
char *link_name(int number);
/* Links numbered from `first` on, in as few writes as there can be; what that cost. */
double create_links(int first, int count);
/*
 * The daemon with all volumes and so many links; from a database that is made once. The first
 * volume has one link beside its Volume{GUID}, `first`, and the second has none at all.
 */
void start_full(int links, const char *options);
char *full_database(int links);
/* A link "KIND-NUMBER" for each of the attached devices, and what that cost. */
double name_volumes(const char *kind);

/* --- devices: devices.c --- */

/* So many of the images `kind` ("own", "same") on the first loop devices, known to udevd. */
void devices_attach(const char *kind, int count);
/* All but the first `keep`. */
void devices_detach(int keep);
/* Attaches in one go with nothing else up to `count`, keeping them open: devices_close() then. */
void devices_open(int count);
void devices_configure(const char *kind);
void devices_close(void);
int devices_count(void);
/* Makes the kernel tell of all attached devices again. */
void devices_retrigger(void);
/* UUID of image `i` of a kind, path of a device. */
char *image_uuid(const char *kind, int i);
char *device_path(int i);
