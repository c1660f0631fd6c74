// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which machine this is: what a report needs, and nothing that names one piece of it.
 */

#include <cpuid.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib_private.h"

#define DMI "/sys/class/dmi/id/"

/* Leaf 1, SDM volume 2A: the extended parts count for some families only. */
static void read_signature(struct libmktme_machine *machine)
{
	unsigned int eax = 0, ebx, ecx, edx;

	__get_cpuid(1, &eax, &ebx, &ecx, &edx);
	machine->stepping = eax & 0xf;
	machine->model = eax >> 4 & 0xf;
	machine->family = eax >> 8 & 0xf;
	if (machine->family == 6 || machine->family == 15)
		machine->model |= (eax >> 16 & 0xf) << 4;
	if (machine->family == 15)
		machine->family += eax >> 20 & 0xff;
}

/* The lines of the first CPU: "model name	: Intel(R) ..." */
static void read_cpuinfo(const char *name, char *value, size_t size)
{
	size_t len = strlen(name);
	char line[256], *colon;
	FILE *file;

	file = fopen("/proc/cpuinfo", "re");
	if (!file)
		return;
	while (!*value && fgets(line, sizeof(line), file)) {
		colon = strchr(line, ':');
		if (strncmp(line, name, len) || !colon || colon[1] != ' ')
			continue;
		snprintf(value, size, "%s", colon + 2);
		value[strcspn(value, "\n")] = '\0';
	}
	fclose(file);
}

static void read_dmi(const char *path, char *value, size_t size)
{
	if (libmktme_read_line(path, value, size))
		*value = '\0';
}

void libmktme_machine_read(struct libmktme_machine *machine)
{
	struct utsname names;

	memset(machine, 0, sizeof(*machine));
	read_signature(machine);
	read_cpuinfo("model name", machine->cpu, sizeof(machine->cpu));
	read_cpuinfo("microcode", machine->microcode,
		     sizeof(machine->microcode));
	read_dmi(DMI "sys_vendor", machine->vendor, sizeof(machine->vendor));
	read_dmi(DMI "product_name", machine->product,
		 sizeof(machine->product));
	read_dmi(DMI "bios_vendor", machine->bios_vendor,
		 sizeof(machine->bios_vendor));
	read_dmi(DMI "bios_version", machine->bios_version,
		 sizeof(machine->bios_version));
	read_dmi(DMI "bios_date", machine->bios_date,
		 sizeof(machine->bios_date));
	if (!uname(&names))
		snprintf(machine->kernel, sizeof(machine->kernel), "%.63s",
			 names.release);
}
