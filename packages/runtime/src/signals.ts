/**
 * The signals a program answers to: SIGTERM and SIGINT stop it, SIGUSR1 and SIGHUP make it reload. Called by the main
 * thread, early: until a handler stands, SIGUSR1 would open Node's debugger port and SIGHUP would kill.
 */

export interface SignalHandlers {
  /** Asked once. A second request ends the process at once with code 1. */
  stop(signal: NodeJS.Signals): void;
  reload(signal: NodeJS.Signals): void;
}

/** Installs the handlers; the answer removes them. */
export function handleSignals(handlers: SignalHandlers): () => void {
  let stopRequests = 0;
  const onStop = (signal: NodeJS.Signals) => {
    stopRequests++;
    if (stopRequests > 1) process.exit(1);
    handlers.stop(signal);
  };
  const listeners: readonly (readonly [NodeJS.Signals, (signal: NodeJS.Signals) => void])[] = [
    ["SIGTERM", onStop],
    ["SIGINT", onStop],
    ["SIGUSR1", (signal) => handlers.reload(signal)],
    ["SIGHUP", (signal) => handlers.reload(signal)],
  ];
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}
