# Expected values of tests/oracles/test_incidence_curves.py beyond those of clinic/expected.json:
# limits on the log-log scale, and times that are not whole numbers, with ties.
# Run from the project's root:  Rscript tests/oracles/r/incidence_curves.R
# It writes tests/oracles/r/incidence_curves.json.
suppressPackageStartupMessages({library(survival); library(jsonlite)})
set.seed(20)
n <- 40
time <- round(rexp(n, .2), 1) + .1
cause <- sample(0:2, n, replace = TRUE, prob = c(.3, .4, .3))
km <- summary(survfit(Surv(time, cause > 0) ~ 1, conf.type = "log-log"), censored = TRUE)
aj <- summary(survfit(Surv(time, factor(cause, 0:2)) ~ 1, conf.type = "log-log"), censored = TRUE)
out <- list(
  versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  time = time, cause = cause,
  km = list(time = km$time, at_risk = km$n.risk, surv = km$surv, se = km$std.err,
            low = km$lower, high = km$upper),
  aj = list(time = aj$time, estimate = aj$pstate[, 2:3], se = aj$std.err[, 2:3],
            low = aj$lower[, 2:3], high = aj$upper[, 2:3]))
write(toJSON(out, digits = 12, auto_unbox = TRUE, na = "null"),
      "tests/oracles/r/incidence_curves.json")
