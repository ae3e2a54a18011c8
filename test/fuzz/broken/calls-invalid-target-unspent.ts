import { type Broken, providerThat } from './broken.ts'

export const callsInvalidTargetUnspent: Broken = {
  name: 'calls invalid_target unspent where it comes after consuming',
  breaks: 'failures',
  server: 'logto',
  provider: providerThat({ failures: { invalid_target: 'refused_before' } }),
}
