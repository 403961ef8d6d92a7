# Expected values of tests/oracles/test_groups_of_curves.py: tests between groups, restricted means,
# and models of the cumulative incidence, on rows simulated here, on whole sessions (ties
# everywhere) and on times that are not whole.
# Run from the project's root:  Rscript tests/oracles/r/groups_of_curves.R
# It writes tests/oracles/r/groups_of_curves.json.
suppressPackageStartupMessages({library(survival); library(cmprsk); library(jsonlite)})
made <- function(seed, n, whole) {
  set.seed(seed)
  x <- round(rnorm(n), 2); w <- rbinom(n, 1, .4)
  group <- sample(c("a", "b", "c"), n, TRUE, c(.5, .3, .2))
  strata <- sample(1:2, n, TRUE)
  t1 <- rexp(n, .10 * exp(-.5 * x + .3 * (group == "b"))); t2 <- rexp(n, .07 * exp(.4 * w))
  cens <- pmin(runif(n, 1, ifelse(strata == 1, 30, 18)), 22)
  time <- pmin(t1, t2, cens)
  cause <- ifelse(time == cens, 0, ifelse(t1 < t2, 1, 2))
  time <- if (whole) ceiling(time) else round(time, 1) + .1
  data.frame(time, cause, x, w, group, strata)
}
loss <- function(d, until) {       # area under the incidence, error by the infinitesimal jackknife
  fit <- survfit(Surv(time, factor(cause, 0:2)) ~ 1, d, influence = TRUE)
  width <- diff(pmin(c(fit$time, Inf), until))
  which <- match("1", fit$states) + 0:1
  infl <- fit$influence.pstate
  if (is.null(infl)) infl <- fit$influence
  if (dim(infl)[2] == length(fit$time) + 1) infl <- infl[, -1, , drop = FALSE]
  list(estimate = colSums(fit$pstate[, which] * width),
       se = sapply(which, function(k) sqrt(sum((infl[, , k] %*% width)^2))))
}
said <- function(d) {
  any_end <- survfit(Surv(time, cause > 0) ~ group, d)
  rmst <- lapply(c(5, 10, 12.5), function(u) {
    m <- summary(any_end, rmean = u)$table[, c("rmean", "se(rmean)")]
    list(until = u, estimate = unname(m[, 1]), se = unname(m[, 2])) })
  rank <- function(formula, rho = 0) {
    test <- survdiff(formula, d, rho = rho)
    o <- if (is.matrix(test$obs)) rowSums(test$obs) else test$obs
    e <- if (is.matrix(test$exp)) rowSums(test$exp) else test$exp
    list(chisq = test$chisq, scores = unname(o - e), var = unname(test$var)) }
  gray <- function(...) { test <- cuminc(d$time, d$cause, d$group, ...)$Tests
    list(unplanned = test[1, "stat"], planned = test[2, "stat"], p = unname(test[, "pv"])) }
  model <- function(failcode, ...) {
    z <- as.matrix(d[, c("x", "w")])
    fit <- crr(d$time, d$cause, z, failcode = failcode, gtol = 1e-14, maxiter = 50, ...)
    p <- predict(fit, rbind(c(-1, 0), c(.5, 1)))
    list(estimate = unname(fit$coef), se = unname(sqrt(diag(fit$var))), var = unname(fit$var),
         loglik = fit$loglik, null = fit$loglik.null, time = p[, 1], one = p[, 2], two = p[, 3]) }
  list(rows = d, rmst = rmst,
       lost = lapply(c(5, 10, 12.5), function(u) c(list(until = u), loss(d, u))),
       logrank = rank(Surv(time, cause == 1) ~ group),
       weighted = rank(Surv(time, cause == 1) ~ group, rho = 1),
       half = rank(Surv(time, cause > 0) ~ group, rho = .5),
       stratified = rank(Surv(time, cause > 0) ~ group + strata(strata)),
       gray = gray(), gray_stratified = gray(strata = d$strata), gray_rho = gray(rho = 1),
       unplanned = model(1), planned = model(2), by_stratum = model(1, cengroup = d$strata))
}
out <- list(
  versions = list(R = R.version.string, survival = as.character(packageVersion("survival")),
                  cmprsk = as.character(packageVersion("cmprsk"))),
  sessions = said(made(61, 240, TRUE)), few = said(made(62, 60, TRUE)),
  times = said(made(63, 150, FALSE)))
write(toJSON(out, digits = I(15), auto_unbox = TRUE, na = "null", dataframe = "columns"),
      "tests/oracles/r/groups_of_curves.json")
