# Used by generalized_mixed.R and generalized_classics.R: fits of other outcomes, as plain numbers.
# glmmTMB stops short of the summit by more than what is compared, so its own objective is climbed
# to the end: Newton's method with a Hessian by Richardson's extrapolation of its exact slopes.
source("tests/oracles/r/best_of_r.R")
suppressPackageStartupMessages({library(ordinal); library(numDeriv)})

spelt <- function(x) sub("(Intercept)", "Intercept", x, fixed = TRUE)
# Standard deviations and correlations of a glmmTMB term of one or two deviations, from its theta.
term <- function(theta, names, group, together) {
  k <- length(names)
  sd <- exp(theta[seq_len(k)])
  made <- data.frame(group, term1 = spelt(names), term2 = "", variance = sd^2)
  if (together && k == 2) {
    r <- theta[3] / sqrt(1 + theta[3]^2)
    made <- rbind(made, data.frame(group, term1 = spelt(names[1]), term2 = spelt(names[2]),
                                   variance = r * prod(sd)))
  }
  made
}
by_tmb <- function(formula, rows, family, of_how_many = NULL) {
  fit <- suppressWarnings(glmmTMB(formula, rows, family = family, weights = of_how_many))
  obj <- fit$obj; par <- fit$fit$par
  for (again in 1:3) {
    H <- jacobian(obj$gr, par); H <- (H + t(H)) / 2
    par <- par - solve(H, as.numeric(obj$gr(par)))
  }
  H <- jacobian(obj$gr, par); H <- (H + t(H)) / 2
  error <- sqrt(diag(solve(H)))
  names(error) <- names(par)
  structure <- fit$modelInfo$reStruc$condReStruc
  terms <- fit$modelInfo$reTrms$cond$terms
  ends <- cumsum(vapply(structure, function(s) s$blockNumTheta, 1))
  theta <- par[names(par) == "theta"]
  groups <- names(fit$modelInfo$reTrms$cond$cnms)
  columns <- fit$modelInfo$reTrms$cond$cnms
  variances <- do.call(rbind, lapply(seq_along(structure), function(i) {
    many <- structure[[i]]$blockNumTheta
    own <- theta[(ends[i] - many + 1):ends[i]]
    term(own, columns[[i]], groups[i], many == 3)
  }))
  named <- function(v) setNames(as.list(unname(v)), spelt(names(fixef(fit)$cond)))
  list(loglik = -obj$fn(par), estimate = named(par[names(par) == "beta"]),
       se = named(error[names(error) == "beta"]), variances = variances,
       log_theta = if ("betad" %in% names(par)) unname(par["betad"]),
       log_theta_se = if ("betad" %in% names(par)) unname(error["betad"]), engine = "glmmTMB")
}
# With more than one node lme4's log-likelihood is that over the one of a model that fits each row.
by_glmer <- function(formula, rows, family, nodes, saturated, inner = 1e-7) {
  fit <- glmer(formula, rows, family, nAGQ = nodes, control = glmerControl(
    optimizer = "bobyqa", optCtrl = list(rhobeg = .02, rhoend = 1e-9, maxfun = 1e5),
    tolPwrss = inner))
  named <- function(v) setNames(as.list(unname(v)), spelt(names(fixef(fit))))
  # The Hessian of its deviance by Richardson's extrapolation; lme4's own has four digits.
  dev <- update(fit, devFunOnly = TRUE); at <- c(getME(fit, "theta"), fixef(fit))
  error <- sqrt(diag(solve(hessian(dev, at) / 2)))[-1]
  list(loglik = as.numeric(logLik(fit)) + saturated, estimate = named(fixef(fit)), se = named(error),
       variances = variances(fit)[c("group", "term1", "term2", "variance")], engine = "lme4")
}
by_clmm <- function(formula, rows, nodes) {
  # With its defaults clmm stops some 1e-6 of log-likelihood away; asked for a smaller gradient it
  # does not, but its errors are then up to 1 % off those it prints in its documents.
  fit <- clmm(formula, data = rows, nAGQ = nodes,
              control = clmm.control(gradTol = 1e-9, innerCtrl = "noWarn"))
  s <- coef(summary(fit)); k <- length(fit$alpha)
  s[, 2] <- coef(summary(clmm(formula, data = rows, nAGQ = nodes)))[, 2]
  slopes <- s[-seq_len(k), , drop = FALSE]
  v <- VarCorr(fit)
  list(loglik = as.numeric(logLik(fit)), estimate = setNames(as.list(unname(slopes[, 1])), rownames(slopes)),
       se = setNames(as.list(unname(slopes[, 2])), rownames(slopes)),
       thresholds = setNames(as.list(unname(s[seq_len(k), 1])), rownames(s)[seq_len(k)]),
       thresholds_se = setNames(as.list(unname(s[seq_len(k), 2])), rownames(s)[seq_len(k)]),
       variances = data.frame(group = names(v), term1 = "Intercept", term2 = "",
                              variance = vapply(v, function(m) m[1, 1], 1)), engine = "ordinal")
}
