/** Numbers of socket(2) that several files of this package pass to the kernel: asm-generic/socket.h, bits/socket_type.h. */
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

/** The level of options that every socket has. */
export const SOL_SOCKET = 1;
