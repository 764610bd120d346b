/**
 * A program that passes every frame on, attached to one end of a cable in the driver's own mode: only then does a veth
 * deliver what the other end sends past its network stack, in batches as a card's driver does. Used by the bench of the engine `xdp`.
 */
import {
  attachXdp,
  BpfAssembler,
  closeFd,
  findInterface,
  loadXdpProgram,
  XDP_PASS,
} from "@swarmtide/linux";

/** Attaches it to the interface of this network; returns what detaches it. */
export function passFramesNatively(name: string): () => void {
  const a = new BpfAssembler();
  a.alu("move", 0, XDP_PASS);
  a.exit();
  const program = loadXdpProgram(a.assemble());
  const link = attachXdp(program, findInterface(name)?.index ?? 0, "native", name);
  return () => {
    closeFd(link);
    closeFd(program);
  };
}
