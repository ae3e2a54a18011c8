import { fromPromise } from 'xstate'
import type { PromiseActorLogic } from 'xstate'
import type {
  ClaimOutput,
  FollowOutput,
  PresentOutput,
  RefreshContext,
  ReloadOutput,
} from './refresh.types.ts'

const notProvided = (): Promise<never> => Promise.reject(new Error('actor not provided'))

/** The actors of the chart by name and type; whoever runs it provides them. */
export const placeholders: {
  readonly claim: PromiseActorLogic<ClaimOutput, RefreshContext>
  readonly follow: PromiseActorLogic<FollowOutput, RefreshContext>
  readonly present: PromiseActorLogic<PresentOutput, RefreshContext>
  readonly reload: PromiseActorLogic<ReloadOutput, RefreshContext>
} = {
  claim: fromPromise<ClaimOutput, RefreshContext>(notProvided),
  follow: fromPromise<FollowOutput, RefreshContext>(notProvided),
  present: fromPromise<PresentOutput, RefreshContext>(notProvided),
  reload: fromPromise<ReloadOutput, RefreshContext>(notProvided),
}
