/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the PVH entry (32-bit, no paging) to C in long mode; the second CPU from
 * its start-up IPI to C; exceptions.  No interrupts, no firmware calls.
 *
 * Address space: the first 512 GiB one to one, and from WINDOWS on one gigabyte
 * page per KeyID, filled in by guest.c.
 */

#define CR4_BITS	0x40620		/* PAE, OSFXSR, OSXMMEXCPT, OSXSAVE */
#define CR0_BITS	0x80000033	/* PG, NE, ET, MP, PE */
#define EFER		0xc0000080
#define EFER_LME	0x100
#define PAGE		0x87		/* present, writable, user, 1 GiB */
#define TRAMPOLINE	0x8000
#define KEPT_STACK	0x6000010	/* behind what guest.c keeps there */
#define KEPT_IMAGE	0x7000000

	.section .note.pvh, "a"
	.long	4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	start32

	.text
	.code32
	.global	start32
start32:
	cli
	movl	%ebx, start_info
	lgdt	gdt_pointer
	movl	$CR4_BITS, %eax
	movl	%eax, %cr4
	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	$EFER, %ecx
	movl	$EFER_LME, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$CR0_BITS, %eax
	movl	%eax, %cr0
	ljmp	$8, $start64

	.code64
start64:
	movl	$stack0_end, %esp
	call	set_segments
	call	guest_main
1:	hlt
	jmp	1b

ap64:
	cmpq	$0, KEPT_STACK
	jne	wake64
	movl	$stack1_end, %esp
	call	set_segments
	call	ap_main
1:	hlt
	jmp	1b

	/*
	 * void suspend_and_wake(u16 port, u16 value): returns when firmware has jumped
	 * to the trampoline, as a CPU that starts does.  Memory is as it was, except
	 * that QEMU has loaded our file anew.
	 */
	.global	suspend_and_wake
suspend_and_wake:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, KEPT_STACK
	movl	%edi, %edx
	movl	%esi, %eax
	movl	$image, %esi
	movl	$KEPT_IMAGE, %edi
	movl	$image_end, %ecx
	subl	%esi, %ecx
	rep movsb
	outw	%ax, %dx
1:	pause
	jmp	1b
wake64:
	movl	$KEPT_IMAGE, %esi
	movl	$image, %edi
	movl	$image_end, %ecx
	subl	%edi, %ecx
	rep movsb
	movq	KEPT_STACK, %rsp
	movq	$0, KEPT_STACK
	call	set_segments
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

set_segments:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	lidt	idt_pointer
	xorl	%ecx, %ecx
	movl	$7, %eax		/* x87, SSE, AVX */
	xorl	%edx, %edx
	xsetbv
	ret

	/* Copied to TRAMPOLINE */
	.global	trampoline, trampoline_end
	.code16
trampoline:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	TRAMPOLINE + (low_gdt_pointer - trampoline)
	movl	$CR4_BITS, %eax
	movl	%eax, %cr4
	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	$EFER, %ecx
	movl	$EFER_LME, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$CR0_BITS, %eax
	movl	%eax, %cr0
	ljmpl	$8, $ap64
low_gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt
trampoline_end:

	/* Exceptions: one stub each, an error code everywhere */
	.code64
	.global	exception_stubs
	.balign	16
exception_stubs:
	vector = 0
	.rept	32
	.balign	16
	.if	vector != 8 && (vector < 10 || vector > 14) && vector != 17
	pushq	$0
	.endif
	pushq	$vector
	jmp	exception_entry
	vector = vector + 1
	.endr

exception_entry:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	cld
	leaq	72(%rsp), %rdi
	call	exception
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

	/* void user_mode_pconfig(void): run PCONFIG in ring 3; it has to fault */
	.global	user_mode_pconfig, user_return, user_stack
user_mode_pconfig:
	pushq	%rbx
	pushq	%rbp
	movq	%rsp, user_stack
	movl	$0x2b, %eax
	ltr	%ax
	pushq	$0x23			/* ss, ring 3 */
	pushq	$user_stack_end
	pushq	$2
	pushq	$0x1b			/* cs, ring 3 */
	pushq	$1f
	iretq
1:	xorl	%eax, %eax
	movl	$stack0_end, %ebx
	.byte	0x0f, 0x01, 0xc5
	ud2
user_return:
	popq	%rbp
	popq	%rbx
	ret

	.data
	.balign	8
	.global	start_info, gdt, tss
start_info:
	.quad	0
user_stack:
	.quad	0
gdt:	.quad	0
	.quad	0x00af9b000000ffff	/* 8: code */
	.quad	0x00cf93000000ffff	/* 10: data */
	.quad	0x00affb000000ffff	/* 18: code, ring 3 */
	.quad	0x00cff3000000ffff	/* 20: data, ring 3 */
	.quad	0, 0			/* 28: TSS, by guest.c */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	gdt
	.balign	8
	.global	idt
idt_pointer:
	.word	32 * 16 - 1
	.quad	idt
	.balign	16
idt:	.fill	32 * 2, 8, 0
tss:	.fill	26, 4, 0

	.balign	4096
	.global	pml4, pdpt_windows
pml4:	.quad	pdpt_low + 7
	.fill	31, 8, 0
	.quad	pdpt_windows + 7	/* 0x100000000000 */
	.fill	479, 8, 0
pdpt_low:
	address = 0
	.rept	512
	.quad	address + PAGE
	address = address + (1 << 30)
	.endr
pdpt_windows:
	.fill	512, 8, 0

	.bss
	.balign	4096
	.global	fault_stack_end
	.skip	16384
stack0_end:
	.skip	16384
stack1_end:
	.skip	4096
fault_stack_end:
	.skip	4096
user_stack_end:
	.skip	64

	.section .note.GNU-stack, "", @progbits
