// SPDX-License-Identifier: EUPL-1.2

/// What was wrong with a request, for those who say it in words of their own: in another language, or to
/// people who see no commands. Only what such people can meet is told apart.
package enum Rejection: String, CaseIterable, Hashable, Sendable {
  /// Another member keeps the record; there are Rückmeldungen for it.
  case notKeeper
  /// There is no such record here.
  case missing
  /// The record is deleted, and not to be changed before it is restored.
  case deleted
  case notDeleted
  /// The value or the record was destroyed for good.
  case destroyed
  /// The record's processing is restricted (Art. 18 GDPR).
  case restricted
  /// Nothing is open any more: somebody decided or answered.
  case decided
  /// The values are not allowed, or do not go together; the text says it in German.
  case invalid
  /// More at once than one entry takes.
  case tooMuch
  /// Not all who would read the request know the record.
  case unshared
  /// This replica has not heard from its hub since it joined.
  case unheard
  /// This replica's log is closed; it needs its next key generation.
  case closed
  /// A value names a record that is not there.
  case unknownReference
  /// Everybody could read it from now on, and nobody said that this is meant.
  case publishes
  /// The two are not of one kind, or the same.
  case otherKind
  /// The reason or role of an erasure would stay, and names the person.
  case namesPerson
  /// A record that was to be erased too has nothing to do with the person.
  case unrelated
  /// Only the hub keeps it.
  case hubOnly
  /// A second person must release it, and nobody said in which role it is asked for.
  case needsRole
  /// Whoever asked for a publication cannot release it too.
  case sameRole
  /// The same, by the account of the console.
  case sameAccount
  /// What is asked for is still being made of the directory.
  case unread
  /// This replica was restored and has not read the hub's feed to its end.
  case restored
}
