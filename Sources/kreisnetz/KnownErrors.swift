// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisCore
import KreisHub
import KreisLocal
import KreisService
import KreisStore
import KreisTown
import KreisTransport

extension Outcome {
  /// For a command that has printed its answer: ends it with this code and no further word.
  var exit: ExitCode { ExitCode(rawValue) }
}

extension CommandError {
  /// Sorts the errors of the parts below; `nil` for those of the argument parser.
  init?(known error: any Error) {
    switch error {
    case is CommandError, is StoreError, is StateDirectoryError: self.init(error)
    case let error as InviteError: self.init(.wrongUse, error.description)
    case let error as HubCertificateError: self.init(.wrongUse, error.description)
    case let error as ConfigurationError: self.init(.wrongUse, error.description)
    case JoinError.unavailable(let reason):
      self.init(.notNow, JoinError.unavailable(reason: reason).description)
    case let error as JoinError: self.init(.wrongUse, error.description)
    case TransportError.misconfigured(let text): self.init(.wrongUse, text)
    case let error as ChunkError:
      self.init(.notNow, "The hub's feed cannot be taken: \(error). Nothing was changed.")
    case let error as TransportError: self.init(.notNow, error.description)
    default: return nil
    }
  }
}
