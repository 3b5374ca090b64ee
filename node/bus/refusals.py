"""Why a broker did not let us in, in one line with what to do: aiokafka and TLS tell it in many ways, or not at all."""

import socket
import ssl

from aiokafka.errors import SaslAuthenticationFailed, UnsupportedSaslMechanismError

from node.bus.security import Security
from node.errors import said
from node.model.certificate_faults import fault_of


def explained(error: BaseException, host: str, port: int, security: Security) -> str:  # noqa: PLR0911 - one arm a cause
    """Return why a connection to a broker could not be opened, what that mostly means, and the repair."""
    at = f"{host}:{port}"
    match error:
        case SaslAuthenticationFailed():
            return f"{at} does not know {security.username}, or its password is another: have `exchange-node rotate` write a new login file"
        case UnsupportedSaslMechanismError():
            return f"{at} does not take {security.mechanism}: enable it in sasl.enabled.mechanisms, or write another mechanism into the login file"
        case ssl.SSLCertVerificationError():
            return f"{at}: {_unverified(error, host)}"
        case ssl.SSLError() if "WRONG_VERSION_NUMBER" in str(error):
            return f"{at} does not speak TLS: name the broker's TLS listener, or take `ca_file` out"
        case socket.gaierror():
            return f"{at}: the name {host} is not known: mend `bootstrap` or the name service"
        case ConnectionRefusedError():
            return f"nothing listens at {at}: is the broker up, and is this its port?"
        case TimeoutError():
            return f"{at} does not answer: is it up, does a firewall stand between, and is this a port that speaks {security.protocol}?"
    return f"no connection to the broker at {at}: {said(error)}; it ends a connection at once where it speaks something else than {security.protocol}"


def _unverified(error: ssl.SSLCertVerificationError, host: str) -> str:
    match fault_of(error.verify_code):
        case "expired":
            return "its certificate has expired: have a new one made for the broker"
        case "not-yet":
            return "its certificate does not count yet: are both clocks right?"
        case "other-name":
            return f"its certificate is not for {host}: name in `bootstrap` what the certificate names, or have one made for {host}"
        case "untrusted":
            return "its certificate is signed by none that `ca_file` trusts: put the authority of that cluster there"
        case "other":
            return f"its certificate does not count: {error.verify_message}"
