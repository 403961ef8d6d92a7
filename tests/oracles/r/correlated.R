# Simulated rows and expected values of tests/oracles/test_correlated.py.
# Run from the project's root:  Rscript tests/oracles/r/correlated.R
# It writes tests/oracles/correlated/rows.csv and tests/oracles/r/correlated.json. The real trials
# are read from the folder SESSIONWISE_EXTRA_DATA names; only numbers of them are kept.
suppressPackageStartupMessages({library(lme4); library(jsonlite)})
options(digits = 15)
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(19860501)
tight <- lmerControl(optimizer = "bobyqa", calc.derivs = FALSE,
                     optCtrl = list(rhobeg = .02, rhoend = 1e-12, maxfun = 1e6))

# Deviations with given standard deviations and correlations: one row per level.
deviations <- function(n, sd, cor) matrix(rnorm(n * length(sd)), n) %*% chol(diag(sd) %*% cor %*% diag(sd))
pair <- function(r) matrix(c(1, r, r, 1), 2)
simulated <- function(case, sizes, times, client, therapist = NULL, noise = 2) {
  n <- length(sizes)
  th <- rep(seq_len(max(1, n %/% 9)), length.out = n)
  d <- data.frame(case = case, therapist = rep(th, sizes), client = rep(seq_len(n), sizes),
                  time = unlist(lapply(sizes, times)))
  d$x <- round(rnorm(nrow(d)), 3)
  z <- cbind(1, d$time, d$x)
  d$y <- 20 - .6 * d$time + .4 * d$x + rnorm(nrow(d), 0, noise) +
    rowSums(z[, seq_len(ncol(client)), drop = FALSE] * client[d$client, , drop = FALSE])
  if (!is.null(therapist)) d$y <- d$y + rowSums(z[, 1:2] * therapist[d$therapist, ])
  d$y <- round(d$y, 3)
  d
}
weeks <- function(k) seq_len(k) - 1
days <- function(k) cumsum(c(0, sample(c(5:9, 14, 21), k - 1, TRUE)))
balanced <- simulated("balanced", rep(6, 40), weeks, deviations(40, c(4, .7), pair(-.3)))
unbalanced <- simulated("unbalanced", sample(2:12, 80, TRUE), function(k) days(k) / 30,
                        deviations(80, c(4, 1.2, .8),
                                   matrix(c(1, -.4, .2, -.4, 1, .3, .2, .3, 1), 3)))
steep <- simulated("steep", sample(4:9, 60, TRUE), weeks, deviations(60, c(4, .9), pair(.985)),
                   noise = 1)
nested <- simulated("nested", sample(3:8, 108, TRUE), weeks, deviations(108, c(3, .6), pair(-.5)),
                    deviations(12, c(2, .5), pair(.4)))
perfect <- simulated("perfect", rep(4, 30), weeks, deviations(30, c(3, .15), pair(.95)), noise = 3)

# Rows on which a search is led to the boundary: in "lifted" it has to come back from there, in
# "crossing" a correlation of 1 has to become one of -1 through a variance of zero.
hilly <- function(case, seed) {
  set.seed(seed)
  th <- sample(5:12, 1); each <- sample(4:8, 1); n <- th * each; sizes <- sample(4:8, n, TRUE)
  d <- data.frame(case = case, client = rep(1:n, sizes))
  d$therapist <- (d$client - 1) %/% each
  d$time <- round(unlist(lapply(sizes, function(k) cumsum(c(0, rexp(k - 1))))), 4)
  d$x <- round(rnorm(nrow(d)), 4)
  of <- function(m, q) matrix(rnorm(m * q), m) %*% matrix(rnorm(q * q), q) * sample(c(.2, 1), 1)
  b <- of(n, 3); u <- of(th, 2)
  d$y <- round(b[d$client, 1] + b[d$client, 2] * d$time + b[d$client, 3] * d$x +
    u[d$therapist + 1, 1] + u[d$therapist + 1, 2] * d$time + rnorm(nrow(d), 0, 1.5), 4)
  d[names(balanced)]
}
rows <- rbind(balanced, unbalanced, steep, nested, perfect, hilly("lifted", 3),
              hilly("crossing", 72))
write.csv(rows, "tests/oracles/correlated/rows.csv", row.names = FALSE, quote = FALSE)
rows <- split(rows, rows$case)

say <- function(fit) {
  v <- as.data.frame(VarCorr(fit))
  s <- coef(summary(fit))
  blank <- function(x) ifelse(is.na(x), "", sub("(Intercept)", "Intercept", x, fixed = TRUE))
  list(rows = nobs(fit), reml = isREML(fit), loglik = as.numeric(logLik(fit)),
       singular = isSingular(fit, tol = 1e-5), estimate = unname(s[, 1]), se = unname(s[, 2]),
       variances = data.frame(group = v$grp, term1 = blank(v$var1), term2 = blank(v$var2),
                              variance = v$vcov,
                              correlation = ifelse(blank(v$var2) == "", NA, v$sdcor)))
}
fitted <- function(formula, data, reml = TRUE) {
  set.seed(1)
  best <- lmer(formula, data, REML = reml, control = tight)
  for (start in list(.9, .5, NULL, NULL, NULL)) {
    theta <- getME(best, "theta")
    start <- if (is.null(start)) runif(length(theta), .05, 1.2) else theta * start + .01
    fit <- lmer(formula, data, REML = reml, control = tight, start = start)
    if (logLik(fit) > logLik(best)) best <- fit
  }
  say(best)
}

out <- list(
  versions = list(R = R.version.string, lme4 = as.character(packageVersion("lme4"))),
  balanced_reml = fitted(y ~ time + (time | client), rows$balanced),
  balanced_ml = fitted(y ~ time + (time | client), rows$balanced, FALSE),
  unbalanced_reml = fitted(y ~ time + x + (time | client), rows$unbalanced),
  three_reml = fitted(y ~ time + x + (time + x | client), rows$unbalanced),
  three_ml = fitted(y ~ time + x + (time + x | client), rows$unbalanced, FALSE),
  partly = fitted(y ~ time + x + (time | client) + (0 + x | client), rows$unbalanced),
  steep = fitted(y ~ time + (time | client), rows$steep),
  nested = fitted(y ~ time + (time | client) + (time | therapist), rows$nested),
  nested_partly = fitted(y ~ time + (time | client) + (1 | therapist), rows$nested, FALSE),
  perfect = fitted(y ~ time + (time | client), rows$perfect),
  lifted = fitted(y ~ time + x + (time + x | client), rows$lifted),
  crossing = fitted(y ~ time + x + (time | client) + (time | therapist), rows$crossing))

extra <- Sys.getenv("SESSIONWISE_EXTRA_DATA")
if (extra != "") {
  e <- read.csv(file.path(extra, "enrichd_cbt_bdi.csv"))
  e$month <- e$day / 30
  h <- read.csv(file.path(extra, "riesby_hamd_long375.csv"))
  out$enrichd <- fitted(bdi ~ month + (month | id), e)
  out$enrichd_null <- fitted(bdi ~ 1 + (1 | id), e)
  e$week <- e$day / 7   # as the report has it: assessments at day 0 are no outcome
  out$enrichd_weeks <- fitted(bdi ~ week + (week | id), e[e$day > 0, ], FALSE)
  out$riesby <- fitted(hamdep ~ week + (week | id), h, FALSE)
}
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE, na = "null"),
      "tests/oracles/r/correlated.json")
