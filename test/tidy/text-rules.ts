import { complainOf, isCode, isShipped, isText, type Rule } from './rule.ts'

/** Holds examples of what is forbidden, for the rules to find. */
const SAMPLES = 'test/tidy/samples.ts'

const isOurText = (path: string): boolean => isText(path) && path !== SAMPLES

export const textRules: readonly Rule[] = [
  {
    name: 'no error of the compiler is silenced',
    appliesTo: (path) => isOurText(path) && isCode(path),
    check: (path, text) =>
      complainOf(
        text,
        isShipped(path) ? /@ts-(?:ignore|nocheck|expect-error)\b/g : /@ts-(?:ignore|nocheck)\b/g,
        'say it in types',
      ),
  },
  {
    name: 'nothing is left to be done later',
    appliesTo: (path) => isOurText(path) && (isCode(path) || path.endsWith('.md')),
    check: (_, text) => complainOf(text, /\b(?:TO[D]O|FIX[M]E)\b/g, 'do it, or file an issue'),
  },
  {
    name: 'no file knows the machine it was written on',
    appliesTo: isOurText,
    check: (_, text) =>
      complainOf(
        text,
        /(?<![\w.~/-])\/(?:work|tmp|root|home)\/[^\s'"`)]*/g,
        'a path of one machine',
      ),
  },
  {
    name: 'no file says where packages come from',
    appliesTo: isOurText,
    check: (_, text) =>
      complainOf(
        text,
        /\bregistry\.(?:npmjs|yarnpkg|npmmirror)\.\w+|"resolved": "https?:\/\/[^"]+"/g,
        "the reader's registry decides",
      ),
  },
]
