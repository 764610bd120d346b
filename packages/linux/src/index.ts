/**
 * The door of the Linux package: sockets, batched datagrams and the other system calls that Node does not offer.
 * Importing it is harmless everywhere; using it needs `linuxSupported()`.
 */
export { missingFamily } from "./address-families.ts";
export {
  BpfAssembler,
  type BpfCondition,
  type BpfOperation,
  type BpfRegister,
  type BpfSize,
} from "./bpf/assembler.ts";
export {
  attachXdp,
  createSharedMap,
  createXdpSocketMap,
  loadXdpProgram,
  sendFrames,
  setXdpSocket,
  XDP_DROP,
  XDP_PASS,
  XDP_REDIRECT,
  XDP_TX,
  type XdpMode,
  XdpTestRun,
} from "./bpf/calls.ts";
export { DescriptorChannel } from "./descriptor-channel.ts";
export * from "./errno.ts";
export { trimFreeMemory } from "./free-memory.ts";
export { AcceptBatch } from "./hot/accept-batch.ts";
export {
  ConnectionPoller,
  POLL_READABLE,
  POLL_WRITABLE,
} from "./hot/connection-poller.ts";
export { DatagramBatch, type DatagramBatchOptions } from "./hot/datagram-batch.ts";
export { ReadinessPoller } from "./hot/readiness-poller.ts";
export { ResendQueue, type ResendQueueOptions } from "./hot/resend-queue.ts";
export {
  closeConnection,
  receiveBytes,
  SHUTDOWN_WRITE,
  sendBytes,
  shutdownFd,
} from "./hot/stream-calls.ts";
export { UringDatagrams, type UringDatagramsOptions } from "./hot/uring-datagrams.ts";
export { XdpQueue } from "./hot/xdp-queue.ts";
export { linuxObstacle, linuxSupported } from "./libc.ts";
export { localIpv4Addresses } from "./local-addresses.ts";
export { type MappedMemory, mapMemory, unmapMemory, viewMapped } from "./mapped-memory.ts";
export { NativeMemory } from "./native-memory.ts";
export { NotifySocket } from "./notify-socket.ts";
export {
  type Account,
  type AccountNames,
  chroot,
  findAccount,
  switchUser,
  UnknownAccountError,
} from "./privileges.ts";
export { lockableBytesMax, openFilesMax } from "./resource-limits.ts";
export type { IpFamily } from "./socket-address.ts";
export { socketDrops } from "./socket-drops.ts";
export {
  closeFd,
  duplicateFd,
  grantedReceiveBufferBytes,
  openTcpConnection,
  openTcpListener,
  openUdpSocket,
  type TcpConnectionOptions,
  type TcpListener,
  type TcpListenerOptions,
  type UdpSocket,
  type UdpSocketOptions,
} from "./sockets.ts";
export { SyscallError } from "./syscall-error.ts";
export { onlineCpus, setThreadAffinity } from "./threads.ts";
export {
  connectUnix,
  openUnixListener,
  type PeerCredentials,
  peerCredentials,
  removeStaleSocket,
} from "./unix-streams.ts";
export { limitUnsentBytes } from "./unsent-limit.ts";
export { ioRingObstacle } from "./uring/open-ring.ts";
export { findInterface, type NetworkInterface } from "./xdp/interface.ts";
export {
  closeXdpSocket,
  openXdpSocket,
  XDP_FRAME_BYTES,
  XDP_RECEIVE_FRAMES,
  XDP_SEND_FRAMES,
  type XdpSocket,
} from "./xdp/open-xdp-socket.ts";
