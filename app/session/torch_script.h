// A session as a PyTorch script that computes the same and asserts it.
#pragma once

#include <string>

#include "app/session/computation.h"
#include "app/session/session.h"
#include "engine/result.h"

namespace convscope {

/// The script of a session whose numbers are known: its tensors, the operation as a function, and asserts that hold the
/// result against the engine's; where the session shows gradients, backward() and the gradients too, and where it
/// learns, the loop of torch.optim.SGD.
///
/// Tensors are written as PyTorch makes them (torch.randn after torch.manual_seed, torch.arange), from their .npy file,
/// or number by number up to a limit; of results with more numbers some thousands are asserted.
/// Errors: error.code_too_large (args: tensor, numbers, limit).
Result<std::string> torch_script(const Session& session, const Computation& computation);

}  // namespace convscope
