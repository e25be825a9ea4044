/* Every built-in kernel, one line each: KERNEL(x) is `const struct kernel kernel_x` in kernels/x.c. */
KERNEL(empty)
KERNEL(square)
KERNEL(spin)
