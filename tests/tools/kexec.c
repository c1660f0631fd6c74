// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec KERNEL INITRD: start another kernel at once, with the command line of
 * this one.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char words[4096] = "";
	int kernel, initrd, proc;
	ssize_t n;

	if (argc != 3)
		errx(2, "usage: kexec KERNEL INITRD");
	kernel = open(argv[1], O_RDONLY);
	initrd = open(argv[2], O_RDONLY);
	proc = open("/proc/cmdline", O_RDONLY);
	n = read(proc, words, sizeof(words) - 1);
	if (kernel < 0 || initrd < 0 || n <= 0)
		err(1, "cannot read all");
	words[n - 1] = '\0';
	if (syscall(SYS_kexec_file_load, kernel, initrd, n, words, 0UL))
		err(1, "kexec_file_load");
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	err(1, "reboot");
}
