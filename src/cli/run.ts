import type { Command, Terminal } from './command.ts'

/** By their names. Each loads what it needs when it runs. */
const COMMANDS: Readonly<Record<string, Command>> = {
  demo: {
    summary: 'a real authorization server on loopback, before and after refresh-once',
    usage: async () => (await import('./demo/demo.ts')).USAGE,
    async run(others, terminal) {
      const { stopped } = await import('./command.ts')
      return (await import('./demo/demo.ts')).demo(others, terminal, stopped)
    },
  },
  diagram: {
    summary: 'the statechart, or the rows of the ledger, as Mermaid, SVG or JSON',
    usage: async () => (await import('./diagram.ts')).USAGE,
    run: async (others, terminal) => (await import('./diagram.ts')).diagram(others, terminal),
  },
  doctor: {
    summary: 'looks at an authorization server, a client and a Redis, and says what is wrong',
    usage: async () => (await import('./doctor/doctor.ts')).USAGE,
    async run(arguments_, terminal) {
      const { surroundings } = await import('./command.ts')
      return (await import('./doctor/doctor.ts')).doctor(arguments_, terminal, surroundings())
    },
  },
  explain: {
    summary: 'what a journal of onEvent says: what happened to a grant, and whether all was kept',
    usage: async () => (await import('./explain/explain.ts')).USAGE,
    run: async (others, terminal) =>
      (await import('./explain/explain.ts')).explain(others, terminal),
  },
  fuzz: {
    summary: 'a provider of yours against a described server, in worlds of trouble',
    usage: async () => (await import('./fuzz/fuzz.ts')).USAGE,
    run: async (others, terminal) => (await import('./fuzz/fuzz.ts')).fuzz(others, terminal),
  },
  inspect: {
    summary: 'serves a page on this machine that shows refreshes as they happen',
    usage: async () => (await import('./inspect.ts')).USAGE,
    async run(others, terminal) {
      const { stopped } = await import('./command.ts')
      return (await import('./inspect.ts')).inspect(others, terminal, stopped())
    },
  },
  probe: {
    summary: 'measures a real authorization server with throw-away grants, and describes it',
    usage: async () => (await import('./probe/target.ts')).USAGE,
    async run(arguments_, terminal) {
      const { surroundings } = await import('./command.ts')
      return (await import('./probe/probe.ts')).probe(arguments_, terminal, surroundings())
    },
  },
}

/** The command line was not understood, as with most programs. */
const MISUSED = 2

/** Runs the command that the arguments name. */
export async function run(arguments_: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...others] = arguments_
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (isHelp(name) || others.some(isHelp)) {
    terminal.out((await command?.usage?.()) ?? usage())
    return 0
  }
  if (command) return command.run(others, terminal)
  if (name !== undefined) terminal.error(`refresh-once: unknown command "${name}"\n\n`)
  terminal.error(usage())
  return MISUSED
}

function isHelp(argument: string | undefined): boolean {
  return argument === '--help' || argument === '-h' || argument === 'help'
}

function usage(): string {
  const commands = Object.entries(COMMANDS)
  const width = Math.max(...commands.map(([name]) => name.length))
  const lines = commands.map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return `usage: refresh-once <command>\n\n${lines.join('\n')}\n`
}
