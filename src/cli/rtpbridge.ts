#!/usr/bin/env node
import { packageVersion } from './version.js';

type Subcommand = { readonly help: string; readonly run: (args: string[]) => Promise<number> };

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  serve: {
    help: 'run the relay until it is told to stop',
    run: async (args) => (await import('./serve.js')).serve(args, 'rtpbridge'),
  },
  replay: {
    help: 'read calls back from the event log',
    run: async (args) => (await import('./replay.js')).replay(args),
  },
  explain: {
    help: 'say in plain words what happened to a call, and why it has no audio',
    run: async (args) => (await import('./explain.js')).explainCall(args),
  },
  unit: {
    help: 'print a systemd unit that runs the relay',
    run: async (args) => (await import('./unit.js')).unit(args),
  },
  watch: {
    help: 'print what happens in a running relay',
    run: async (args) => (await import('./watch.js')).watch(args),
  },
  status: {
    help: 'print how a running relay is',
    run: async (args) => (await import('./status.js')).status(args),
  },
  reload: {
    help: 'have a running relay read its settings file again',
    run: async (args) => (await import('./reload.js')).reload(args),
  },
  schema: {
    help: 'print the JSON Schema or OpenAPI document of the NG protocol',
    run: async (args) => (await import('./schema.js')).schema(args),
  },
  man: {
    help: 'print a page of the manual',
    run: async (args) => (await import('./man.js')).man(args),
  },
  demo: {
    help: 'place a call through a relay of its own, and show what happened',
    run: async (args) => (await import('./demo/demo.js')).runDemo(args),
  },
};

const usage = (): string => {
  const lines = Object.entries(SUBCOMMANDS).map(([name, { help }]) => `  ${name.padEnd(10)} ${help}`);
  return ['usage: rtpbridge COMMAND [options]', '', ...lines, '', 'Each command explains itself with --help.'].join('\n');
};

async function main([name, ...args]: string[]): Promise<number> {
  if (name === '--version' || name === '-V') {
    console.log(packageVersion());
    return 0;
  }
  if (name === undefined || name === '--help' || name === 'help') {
    console.log(usage());
    return name === undefined ? 1 : 0;
  }
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (subcommand) return subcommand.run(args);
  process.stderr.write(`rtpbridge: ${name} is none of its commands: ${Object.keys(SUBCOMMANDS).join(', ')}\n`);
  return 1;
}

process.exitCode = await main(process.argv.slice(2));
