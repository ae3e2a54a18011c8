import { Secret } from '../../src/core/secret.ts'
import type { GrantRef } from '../../src/core/tokens.ts'
import type { StoredTokenSet } from '../../src/ledger/stored-token-set.ts'
import type { ChainName, ChainPosition, LedgerView } from '../../src/ledger/protocol/index.ts'
import type { Work } from './world.ts'

/** A proof that only a holder of the key can write: here it is the text of what it proves. */
function prove(key: string, generation: number, token: string): string {
  return `${key}/${generation}/${token}`
}

/** Checks the proofs that are seen, as the ledger does at each step. */
export function withProofs(
  view: LedgerView<StoredTokenSet>,
  { name, refreshToken }: Work,
): LedgerView<StoredTokenSet> {
  const isRight = (said: ChainName | undefined): boolean => {
    const key = said && view.grants[said.grant]?.row?.proofKey
    if (said?.proof === undefined || key === undefined) return false
    return prove(key, said.generation, refreshToken) === said.proof
  }
  const claimed = view.claim?.row
  if (name?.proof === undefined && claimed?.proof === undefined) return view
  return {
    ...view,
    isNameProven: view.isNameProven === true || isRight(name),
    isClaimProven: isRight(claimed),
  }
}

export function refOf({ grant, generation }: ChainPosition, proof: string | undefined): GrantRef {
  const secret = new Secret(grant)
  return proof === undefined
    ? { secret, generation }
    : { secret, generation, proof: new Secret(proof) }
}

/** @param newKey The key of a chain whose row is not there yet. */
export function placeWithProof(
  position: ChainPosition,
  token: string | undefined,
  view: LedgerView<StoredTokenSet>,
  newKey?: string,
): GrantRef {
  const key = view.grants[position.grant]?.row?.proofKey ?? newKey
  const proof = key === undefined ? undefined : prove(key, position.generation, token ?? '')
  return refOf(position, proof)
}
