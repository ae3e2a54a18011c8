import { globalAt, isAny, isCalled, isDateOfNow, isDefaultExport, nodesOf } from './code.ts'
import { isWebOnly } from './layers.ts'
import { isCode, isShipped, type Rule } from './rule.ts'

type Node = ReturnType<typeof nodesOf>[number]['node']

/** A rule about places of the syntax tree, so that comments and strings may say what they like. */
function aboutNodes(
  name: string,
  appliesTo: Rule['appliesTo'],
  isWrong: (node: Node) => boolean,
): Rule {
  return {
    name,
    appliesTo,
    check: (path, text) =>
      nodesOf(path, text)
        .filter(({ node }) => isWrong(node))
        .map(({ node, line }) => `line ${line}: ${node.getText().split('\n')[0]}`),
  }
}

const isGlobal = (node: Node, names: ReadonlySet<string>): boolean =>
  names.has(globalAt(node) ?? '')

const TIMES = new Set([
  'Date.now',
  'setTimeout',
  'setInterval',
  'performance.now',
  'performance.timeOrigin',
  'AbortSignal.timeout',
])
/** Measuring is allowed: `performance.now`, an interval in a server. */
const NOT_IN_TESTS = new Set(['Date.now', 'setTimeout', 'Math.random'])
const CHANCES = new Set(['Math.random', 'crypto.getRandomValues', 'crypto.randomUUID'])
/** Where a line for the server's log is written, if nobody takes it; and who listens to all. */
const LOG_LINES = new Set([
  'src/runtime/events.ts',
  'src/integrations/auth-js/options.ts',
  'src/testing/fuzz/secrets.ts',
])
/** What sends requests of its own, and no refresh token. */
const FETCHING = new Set([
  'src/stores/http.ts',
  'src/integrations/authorized-fetch.ts',
  'src/inspect/page-inspector.ts',
])
const NODE_GLOBALS = new Set([
  'process',
  'Buffer',
  'require',
  'global',
  'setImmediate',
  '__dirname',
  '__filename',
])

export const codeRules: readonly Rule[] = [
  aboutNodes(
    'only src/core/clock.ts touches clocks and timers',
    (path) => isShipped(path) && path !== 'src/core/clock.ts',
    (node) => isGlobal(node, TIMES) || isDateOfNow(node),
  ),
  aboutNodes(
    'only src/core/random.ts makes randomness',
    (path) => isShipped(path) && path !== 'src/core/random.ts',
    (node) => isGlobal(node, CHANCES),
  ),
  aboutNodes(
    'no test sleeps, looks at the wall clock or throws dice that cannot be thrown again',
    (path) => path.endsWith('.test.ts'),
    (node) => isGlobal(node, NOT_IN_TESTS) || isDateOfNow(node),
  ),
  aboutNodes(
    'only the CLI and the default log lines print',
    (path) => isShipped(path) && !path.startsWith('src/cli/') && !LOG_LINES.has(path),
    (node) => globalAt(node) === 'console',
  ),
  aboutNodes(
    'only the transport fetches, the store over HTTP, authorizedFetch and pageInspector',
    (path) => isShipped(path) && !path.startsWith('src/transport/') && !FETCHING.has(path),
    (node) => globalAt(node) === 'fetch' && (isCalled(node) || node.getText() !== 'fetch'),
  ),
  aboutNodes('what must run anywhere names no global of Node', isWebOnly, (node) =>
    isGlobal(node, NODE_GLOBALS),
  ),
  aboutNodes(
    'nothing is exported as default',
    (path) => isCode(path) && !path.endsWith('.config.ts') && !path.startsWith('docs/'),
    isDefaultExport,
  ),
  aboutNodes('nothing is typed any', isCode, isAny),
  {
    name: 'no file is longer than 300 lines',
    appliesTo: isShipped,
    check(_, text) {
      const lines = text.trimEnd().split('\n').length
      return lines > 300 ? [`${lines} lines`] : []
    },
  },
  {
    name: 'no line is longer than 100 columns, unless by an address that cannot be broken',
    appliesTo: isCode,
    check: (_, text) =>
      text.split('\n').flatMap((line, index) => {
        const hasAddress = line.replace(/https?:\/\/\S+/, '').length < 40
        return line.length > 100 && !hasAddress ? [`line ${index + 1}`] : []
      }),
  },
]
