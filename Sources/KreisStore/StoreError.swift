// SPDX-License-Identifier: EUPL-1.2

import GRDB

/// Why the store did not do what was asked, in the kinds that call for different reactions.
package enum StoreError: Error, CustomStringConvertible {
  /// The input was wrong; nothing was changed. The text says what to change, the other what it was for
  /// those who say it in their own words.
  case rejected(String, Rejection? = nil)
  /// Nothing was changed; the same call can succeed later (disk full, database busy).
  case retryLater(String)
  /// What is on disk is not known or not sound: stop, and recover by the normal start-up path.
  case stateUnknown(String)
  /// Something on disk is not as it was written, and was not used. Only what concerns it stops.
  case damaged(Damage)

  package var description: String {
    switch self {
    case .rejected(let text, _), .retryLater(let text), .stateUnknown(let text): text
    case .damaged(let damage): damage.description
    }
  }

  init(_ error: any Error) {
    switch error {
    case let error as StoreError: self = error
    case let error as DatabaseError: self = Self.sorted(error)
    case let damage as Damage: self = .damaged(damage)
    case is RowDecodingError:
      self = .damaged(Damage(.file, "holds a value that cannot be where it stands"))
    default: self = .rejected("\(error)")
    }
  }

  private static func sorted(_ error: DatabaseError) -> StoreError {
    let text = error.message ?? "\(error)"
    switch error.resultCode {
    case .SQLITE_FULL: return .retryLater("the disk is full; nothing was written (\(text))")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return .retryLater("the database is in use by another process (\(text))")
    case .SQLITE_READONLY, .SQLITE_PERM:
      return .retryLater(
        "the database cannot be written: check its owner and permissions (\(text))")
    case .SQLITE_CANTOPEN: return .rejected("the database cannot be opened (\(text))")
    case .SQLITE_IOERR:
      return .stateUnknown(
        "the disk reports an error (\(text)), so what is on it is not known. Look for the disk's "
          + "errors in the system's log; then start kreisnetz again, and run: kreisnetz resync "
          + "--verify")
    case .SQLITE_CORRUPT:
      return .damaged(Damage(.file, "is damaged where it was read (\(text))"))
    case .SQLITE_NOTADB:
      return .stateUnknown("the database file is damaged (\(text))")
    default: return .stateUnknown("SQLite: \(error)")
    }
  }
}
