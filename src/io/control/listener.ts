/** Carries out one command, without cookie or line end, one character a byte; answers once, without line feed. */
export type CommandHandler = (command: string, answer: (reply: string) => void) => void;

/** An open control socket. */
export type Listener = { readonly close: () => Promise<void> };
