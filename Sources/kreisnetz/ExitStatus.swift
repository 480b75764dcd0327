import ArgumentParser
import KreisCore
import KreisHub
import KreisService
import KreisStore
import KreisTown
import KreisTransport

/// The exit codes that scripts rely on.
enum ExitStatus: Int32 {
  case done = 0
  /// The answer is no: not found, different.
  case no = 1
  /// Wrong use or input.
  case wrongUse = 2
  /// Could not be done now: the hub cannot be reached, the disk is full.
  case notNow = 3

  /// For a command that has printed its answer: ends it with this code and no further word.
  var exit: ExitCode { ExitCode(rawValue) }
}

/// Ends a command with a sentence for the person who reads it.
struct CommandFailure: Error {
  let status: ExitStatus
  let text: String

  init(_ status: ExitStatus, _ text: String) {
    self.status = status
    self.text = text
  }

  /// Sorts the errors of the parts below; `nil` for those of the argument parser.
  init?(_ error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case StoreError.rejected(let text): self.init(.wrongUse, text)
    case StoreError.retryLater(let text), StoreError.stateUnknown(let text):
      self.init(.notNow, text)
    case let error as StateDirectoryError:
      self.init(error.isPassing ? .notNow : .wrongUse, error.description)
    case let error as InviteError: self.init(.wrongUse, error.description)
    case let error as HubCertificateError: self.init(.wrongUse, error.description)
    case let error as ConfigurationError: self.init(.wrongUse, error.description)
    case let error as JoinError:
      if case .unavailable = error {
        self.init(.notNow, error.description)
      } else {
        self.init(.wrongUse, error.description)
      }
    case TransportError.misconfigured(let text): self.init(.wrongUse, text)
    case let error as TransportError: self.init(.notNow, error.description)
    default: return nil
    }
  }
}
