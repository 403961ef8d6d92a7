# Expected values of tests/oracles/test_alliance_moves.py.
# Run from the project's root:  Rscript tests/oracles/r/alliance_moves.R
# It writes tests/oracles/r/alliance_moves.json. Rows: clinic.csv.
suppressPackageStartupMessages({library(lme4); library(jsonlite)})
options(digits = 15)
tight <- lmerControl(optimizer = "bobyqa", calc.derivs = FALSE,
                     optCtrl = list(rhobeg = .02, rhoend = 1e-11, maxfun = 1e5))
d <- read.csv("tests/oracles/clinic/clinic.csv")
d <- d[order(d$client, d$session), ]
d$th1 <- ave(d$therapist, d$client, FUN = function(x) x[1])

say <- function(fit) {
  v <- as.data.frame(VarCorr(fit))
  s <- coef(summary(fit))
  list(rows = nobs(fit), loglik = as.numeric(logLik(fit)),
       estimate = setNames(as.list(s[, 1]), rownames(s)),
       se = setNames(as.list(s[, 2]), rownames(s)), covariance = as.matrix(vcov(fit)),
       variances = data.frame(group = v$grp, term = ifelse(is.na(v$var1), "", v$var1),
                              variance = v$vcov))
}

# 1 A line that bends at session 3.
a <- d[!is.na(d$srs), ]
a$steps_agreeing <- pmin(a$session, 3) - 1
a$steps_working <- pmax(a$session - 3, 0)
bent <- lmer(srs ~ steps_agreeing + steps_working +
               (1 + steps_agreeing + steps_working || client) + (1 | th1), a, control = tight)

# 2 Shares of variance: limits where the REML deviance, at its least over the other share, is
# qchisq(.95, 1) above its minimum. theta of lme4 is the square root of a variance ratio.
levels_of <- function(data) {
  null <- lmer(srs ~ 1 + (1 | client) + (1 | th1), data, control = tight)
  deviance_at <- lmer(srs ~ 1 + (1 | client) + (1 | th1), data, devFunOnly = TRUE)
  order <- names(getME(null, "flist"))[seq_along(getME(null, "theta"))]
  theta_of <- function(p) sqrt(c(client = p[["client"]], th1 = p[["th1"]]) / p[["residual"]])[order]
  least <- deviance_at(getME(null, "theta"))
  v <- as.data.frame(VarCorr(null))
  found <- setNames(v$vcov / sum(v$vcov), c("client", "th1", "residual"))
  profiled <- function(name, share) {
    others <- setdiff(names(found), name)
    at <- function(split) {
      p <- setNames(c(share, (1 - share) * split, (1 - share) * (1 - split)), c(name, others))
      deviance_at(theta_of(p))
    }
    optimize(at, c(1e-9, 1 - 1e-9), tol = 1e-10)$objective
  }
  limits <- function(name) {
    above <- function(share) profiled(name, share) - least - qchisq(.95, 1)
    low <- if (above(1e-7) <= 0) 0 else uniroot(above, c(1e-7, found[[name]]), tol = 1e-10)$root
    high <- uniroot(above, c(max(found[[name]], 1e-7), 1 - 1e-4), tol = 1e-10)$root
    c(low, high)
  }
  list(model = say(null), shares = as.list(found),
       limits = sapply(names(found), limits, simplify = FALSE))
}

# 3 Truth and bias: a judgement made of the two scores by an arithmetic rule.
j <- d[!is.na(d$srs) & !is.na(d$ors), ]
j$judged <- 12 + .45 * j$srs + .25 * j$ors
mean_of <- ave(j$srs, j$client)
j$bias <- j$judged - mean_of
j$tracking <- j$srs - mean_of
tracked <- lmer(bias ~ tracking + (1 + tracking || client) + (1 | th1), j, control = tight)

out <- list(
  versions = list(R = R.version.string, lme4 = as.character(packageVersion("lme4"))),
  bent = say(bent),
  levels = levels_of(a),
  levels_six = levels_of(a[a$th1 <= 6, ]),
  tracked = say(tracked))
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE, na = "null"),
      "tests/oracles/r/alliance_moves.json")
