# Expected values of tests/oracles/test_generalized_profiles.py, on rows of generalized_mixed.R.
# Run from the project's root:  Rscript tests/oracles/r/generalized_profiles.R
# The profile of glmmTMB's own objective: one parameter is held, the others climbed to the end by
# nlminb with exact slopes and one Newton step, and uniroot asks where it has fallen by χ²/2.
source("tests/oracles/r/generalized_fits.R")
rows <- read.csv("tests/oracles/generalized/rows.csv")
wanted <- qchisq(.95, 1) / 2
summit <- function(obj, par, free) {
  fn <- function(x) { par[free] <- x; v <- obj$fn(par); if (is.finite(v)) v else 1e10 }
  gr <- function(x) { par[free] <- x; as.numeric(obj$gr(par))[free] }
  best <- nlminb(par[free], fn, gr, control = list(rel.tol = 1e-13, x.tol = 1e-12, eval.max = 2000, iter.max = 2000))
  par[free] <- best$par
  list(par = par, value = best$objective)
}
profiled <- function(formula, family, of_how_many = NULL) {
  fit <- suppressWarnings(glmmTMB(formula, rows, family = family, weights = of_how_many))
  obj <- fit$obj
  best <- summit(obj, fit$fit$par, rep(TRUE, length(fit$fit$par)))
  kinds <- names(fit$fit$par)
  error <- sqrt(diag(solve(jacobian(obj$gr, best$par))))
  spread <- function(j) kinds[j] == "theta" && sum(kinds == "theta") < 3
  found <- lapply(seq_along(kinds), function(j) {
    free <- seq_along(kinds) != j
    side <- function(way) {
      near <- best$par
      fall <- function(value) {
        near[j] <<- value
        at <- summit(obj, near, free)
        if (at$value < 1e9) near <<- at$par
        at$value - best$value - wanted
      }
      end <- best$par[j]
      for (step in 1:14) {
        end <- end + way * error[j]
        if (kinds[j] == "theta" && end < -6) return(NA)
        if (fall(end) > 0) break
      }
      if (fall(end) <= 0) return(NA)
      near <- best$par
      uniroot(fall, sort(c(best$par[j], end)), tol = 1e-9)$root
    }
    c(estimate = unname(best$par[j]), low = side(-1), high = side(1))
  })
  data.frame(kind = kinds, do.call(rbind, found))
}
fixed <- "session + x + severity"
models <- list(
  list("nested_logit", paste("came ~", fixed, "+ (1|client) + (1|first)"), binomial()),
  list("crossed_logit", paste("came ~", fixed, "+ (1|client) + (1|therapist)"), binomial()),
  list("trials_cloglog", paste("tasks / trials ~", fixed, "+ (1|client) + (1|first)"), binomial("cloglog")),
  list("slopes_poisson", paste("crises ~", fixed, "+ (1+session||client) + (1|therapist)"), poisson()),
  list("together_poisson", paste("contacts ~", fixed, "+ (1+session|client)"), poisson()),
  list("nested_negbin", paste("contacts ~", fixed, "+ (1|client) + (1|first)"), nbinom2()))
said <- lapply(models, function(m) {
  message(m[[1]])
  found <- profiled(as.formula(m[[2]]), m[[3]], if (grepl("trials", m[[1]])) rows$trials)
  list(name = m[[1]], limits = found)
})
written(list(r = R.version.string, packages = versions("glmmTMB", "TMB")), "fits", said,
        "tests/oracles/r/generalized_profiles.json")
