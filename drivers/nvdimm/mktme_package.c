// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU packages that come and go.
 */

/**
 * DOC: Packages
 *
 * Each package has a table of keys for the memory behind its controllers, or all of
 * them share one: documents say both, and both must work.
 *
 * The first CPU of a package that comes online programs every key that is in
 * use, before it runs user code.  If it cannot, because a key object has been
 * revoked or was not kept, or because the hardware refuses, the CPU goes offline
 * again and a work item says whose key is missing.
 *
 * The last CPU of a package goes offline only if no window is over memory that
 * may be behind the package: whether the hardware keeps its table then is not
 * documented, and a package that is taken out of the machine takes it along.
 * Memory of other packages does not need it.  While tasks are frozen for the
 * machine's sleep it may go; see mktme_power.c.
 *
 * Locks: the callbacks run with the CPU hotplug lock held for writing, so they
 * must not take the registry's mutex.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/numa.h>
#include <linux/topology.h>
#include <linux/workqueue.h>

#include "mktme_priv.h"

static enum cpuhp_state hotplug_state;

/* CPUs that did not come online because of us; under the CPU hotplug lock. */
static struct cpumask refused_cpus;

static unsigned int last_refused;

static void tell_if_lacks_key(struct mktme_window *window, void *arg)
{
	unsigned int cpu = READ_ONCE(last_refused);
	char name[MKTME_NAME_BYTES];

	if (!mktme_keyid_lacks_key(window->keyid))
		return;
	mktme_window_volume_name(window, name);
	pr_err("%s: CPU %u stays offline until the key of volume %s is supplied again: 'mktmesetup rebind %s'\n",
	       window->base_name, cpu, name, name);
	if (window->is_announced)
		mktme_event_key_needed(window, cpu);
}

static void tell_work_fn(struct work_struct *work)
{
	mktme_registry_for_each(tell_if_lacks_key, NULL);
}

static DECLARE_WORK(tell_work, tell_work_fn);

static bool is_alone(unsigned int cpu)
{
	int package = topology_logical_package_id(cpu);
	int other;

	for_each_online_cpu(other)
		if (other != cpu &&
		    topology_logical_package_id(other) == package)
			return false;
	return true;
}

static int on_cpu_online(unsigned int cpu)
{
	int r;

	r = is_alone(cpu) ? mktme_keyid_bring_up(cpu, cpuhp_tasks_frozen) : 0;
	if (!r) {
		cpumask_clear_cpu(cpu, &refused_cpus);
		return 0;
	}
	pr_err("CPU %u stays offline: its package %d cannot be given every key (%d)\n",
	       cpu, topology_logical_package_id(cpu), r);
	cpumask_set_cpu(cpu, &refused_cpus);
	WRITE_ONCE(last_refused, cpu);
	schedule_work(&tell_work);
	return r;
}

static int on_cpu_offline(unsigned int cpu)
{
	if (cpuhp_tasks_frozen || !is_alone(cpu))
		return 0;
	if (!mktme_registry_needs_package(topology_logical_package_id(cpu)))
		return 0;
	pr_warn("CPU %u stays online: it is the last one of its package\n", cpu);
	return -EBUSY;
}

static bool may_serve_node(int package, int nid)
{
	bool has_cpu = false;
	int cpu;

	if (nid == NUMA_NO_NODE)
		return true;
	for_each_online_cpu(cpu) {
		if (cpu_to_node(cpu) != nid)
			continue;
		has_cpu = true;
		if (topology_logical_package_id(cpu) == package)
			return true;
	}
	return !has_cpu;
}

/**
 * mktme_package_may_serve() - can memory be behind the controllers of a package?
 * @package: logical id; one of its CPUs is online
 * @base: the memory
 *
 * Context: holds the CPU hotplug lock.
 * Return: false only if the node that it is on, and the node that it would be on,
 * have CPUs, all of them of other packages.  The former is the nearest one that was
 * online when the memory was found.
 */
bool mktme_package_may_serve(int package, const struct mktme_base *base)
{
	return may_serve_node(package, base->nid) ||
	       may_serve_node(package, phys_to_target_node(base->phys));
}

/**
 * mktme_package_has_cpu() - is a CPU of a package among these?
 * @package: logical id
 * @cpus: of which
 *
 * Return: true if one is
 */
bool mktme_package_has_cpu(int package, const struct cpumask *cpus)
{
	int cpu;

	for_each_cpu(cpu, cpus)
		if (topology_logical_package_id(cpu) == package)
			return true;
	return false;
}

/**
 * mktme_package_is_away() - is the package that owns the memory offline?
 * @nid: NUMA node of the memory, as far as the firmware says so
 *
 * Context: holds the CPU hotplug lock.
 * Return: true if its node has CPUs, and no package of theirs is online
 */
bool mktme_package_is_away(int nid)
{
	bool has_cpu = false;
	int cpu;

	for_each_present_cpu(cpu) {
		if (nid == NUMA_NO_NODE || cpu_to_node(cpu) != nid)
			continue;
		if (cpu_online(cpu) ||
		    mktme_package_has_cpu(topology_logical_package_id(cpu),
					  cpu_online_mask))
			return false;
		has_cpu = true;
	}
	return has_cpu;
}

/**
 * mktme_package_refused_cpus() - CPUs that stay offline because of us
 * @cpus: to be filled in
 *
 * Context: Process context, takes the CPU hotplug lock for reading.
 */
void mktme_package_refused_cpus(struct cpumask *cpus)
{
	cpus_read_lock();
	cpumask_and(cpus, &refused_cpus, cpu_present_mask);
	cpus_read_unlock();
}

/**
 * mktme_package_init() - watch CPUs from now on
 *
 * Return: 0 or -errno
 */
int mktme_package_init(void)
{
	int state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN,
					      "mem/mktme:online",
					      on_cpu_online, on_cpu_offline);

	if (state < 0)
		return state;
	hotplug_state = state;
	return 0;
}

/**
 * mktme_package_exit() - undo mktme_package_init()
 */
void mktme_package_exit(void)
{
	cpuhp_remove_state_nocalls(hotplug_state);
	cancel_work_sync(&tell_work);
}
